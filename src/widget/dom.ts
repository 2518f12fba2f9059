/** Makes elements: the whole of the widget's framework. */

type Child = Node | string;

/** An element of a class (`tag.class`), with what is in it. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

/** A button. It answers only to a person: what a script makes up is not trusted. */
export function button(className: string, label: string, press: () => void): HTMLButtonElement {
  const element = make('button', className, label);
  element.type = 'button';
  element.addEventListener('click', ({ isTrusted }) => isTrusted && press());
  return element;
}

/** A link to the coordinator's own page, in a tab of its own. */
export function homeLink(label: string): HTMLAnchorElement {
  const element = make('a', '', label);
  element.href = '/';
  element.target = '_blank';
  element.rel = 'noopener';
  return element;
}
