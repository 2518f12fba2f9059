/** What every story in Chromium needs: the pages built once, browsers, houses and people that are gone when the story ends. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { Browser } from 'playwright-core';
import type { CoordinatorOptions } from '../../src/coordinator/coordinator.ts';
import { launchChromium } from '../browser/browsers.ts';
import type { ChromiumOptions } from '../browser/browsers.ts';
import { buildPages } from '../browser/pages-build.ts';
import type { BuiltPages } from '../browser/pages-build.ts';
import { openHouse, sweep } from './house.ts';
import type { House } from './house.ts';
import { join, visit } from './person.ts';
import type { Person } from './person.ts';
import { toldIn } from './told.ts';
import type { Told } from './told.ts';

export class Stage {
  #pages: BuiltPages | null = null;
  #browser: Browser | null = null;
  #guests: Browser[] = [];
  #people: Person[] = [];
  #houses: House[] = [];

  /** The built pages. */
  get folder(): string {
    if (this.#pages === null) throw new Error('the pages are built before the first story');
    return this.#pages.folder;
  }

  /** A coordinator of this story. */
  async house(options: CoordinatorOptions = {}): Promise<House> {
    const house = await openHouse(this.folder, options);
    this.#houses.push(house);
    return house;
  }

  /** Somebody who opens the page, and presses Start unless they only look. */
  async person(
    url: string,
    how: { readonly looks?: boolean; readonly query?: string; readonly browser?: Browser } = {},
  ): Promise<Person> {
    const browser = how.browser ?? this.#browser;
    if (browser === null) throw new Error('the browser is there before the first story');
    const person = await (how.looks === true ? visit : join)(browser, url, how.query);
    this.#people.push(person);
    return person;
  }

  /** A Chromium of another kind, for this story alone. */
  async browser(options: ChromiumOptions): Promise<Browser> {
    const browser = await launchChromium(options);
    this.#guests.push(browser);
    return browser;
  }

  /** Everybody leaves, the coordinator ends, and its log is read. Pages must not have thrown. */
  async told(house: House): Promise<Told> {
    for (const { faults } of this.#people) expect(faults).toEqual([]);
    await this.leave();
    await house.close();
    return toldIn(house.folder);
  }

  async leave(): Promise<void> {
    for (const { context } of this.#people.splice(0)) await context.close();
  }

  async open(): Promise<void> {
    [this.#pages, this.#browser] = await Promise.all([buildPages(), launchChromium()]);
  }

  async clear(): Promise<void> {
    await this.leave();
    for (const guest of this.#guests.splice(0)) await guest.close();
    for (const house of this.#houses.splice(0)) await house.close();
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    this.#pages?.remove();
    sweep();
  }
}

/** A stage for the stories of one `describe`. */
export function stage(): Stage {
  const made = new Stage();
  beforeAll(() => made.open());
  afterEach(() => made.clear());
  afterAll(() => made.close());
  return made;
}
