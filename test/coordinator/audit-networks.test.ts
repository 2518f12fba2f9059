/** [AU7] Where people of four networks could make an audit, it goes to nobody of an author's network; where fewer could, the prefix decides. */
import { expect, test } from 'vitest';
import { AuditDesk } from '../../src/coordinator/audit-desk.ts';
import { probationMicro } from '../../src/core/trust.ts';
import { answers, auditedSpec, drawing, house, join, proven, submit } from '../core/house.ts';
import type { House } from '../core/house.ts';
import { dice } from '../sim/random.ts';

/** People named by letters, each with a digit for its network (0: not known); `a` computed what is drawn. */
function drawnBy(placed: string): House {
  const h = house();
  for (const [, name = '', network = ''] of placed.matchAll(/(\w)(\d)/g)) {
    join(h, name);
    if (network !== '0')
      h.must({
        ...{ c: 'join', device: name, account: name.toUpperCase(), site: null, role: 'volunteer' },
        ...{ group: `net-${name}`, network: `as${network}` },
      });
    proven(h, name, probationMicro);
  }
  submit(h, auditedSpec({}, { units: 800 }));
  answers(h, 'a', 'right', { words: drawing([0, 1]) });
  return h;
}

/** All to whom it might go, by many lots. */
function givenTo(placed: string, asking = placed.replaceAll(/\d/g, '')): string {
  const h = drawnBy(placed);
  const lots = dice(5);
  const given = new Set<string>();
  for (let tries = 0; tries < 200; tries++) {
    const desk = new AuditDesk({
      groupsMin: 1,
      below: (n) => lots.below(n),
      lot: (_about, _id, n) => lots.below(n),
      candidates: () =>
        [...h.state.devices].map(([device, { account, group }]) => ({
          ...{ device, account, group },
          asksFor: () => asking.includes(device),
        })),
      fits: () => true,
    });
    desk.meet(h.state, h.now());
    for (const { device } of desk.give(h.state, h.now(), 10)) given.add(device);
  }
  return [...given].sort().join('');
}

test('[AU7] with four networks the author’s own is left out, and who is in none that is known is not', () => {
  expect(givenTo('a1b1c2d3e4f0')).toBe('cdef');
});

test('[AU7] with three it is not, nor where the fourth asks for nothing', () => {
  expect(givenTo('a1b1c2d3')).toBe('bcd');
  expect(givenTo('a1b1c2d3e4', 'abcd')).toBe('bcd');
});

test('[AU7] whose author’s network is not known, goes to all others', () => {
  expect(givenTo('a0b1c2d3e4f0')).toBe('bcdef');
});
