/**
 * What a partner's page loads: defines `<talka-widget>`, puts one where the script stands, and passes words between the page
 * and our frame. It computes, stores and asks nothing itself, and never moves what is on the page already.
 */

/** What the frame says [WG6]; anything else, and anything from elsewhere, is not heard. */
interface Said {
  readonly talka: 1;
  readonly is: 'state' | 'credit';
}

/** Width (at most) and height in CSS pixels, by `data-size`. */
const sizes: Readonly<Record<string, readonly [number, number]>> = {
  s: [440, 96],
  m: [320, 332],
  l: [720, 332],
};

const script = document.currentScript as HTMLScriptElement | null;
const home = new URL(script?.src ?? location.href).origin;

class TalkaWidget extends HTMLElement {
  /** Where the widget stands, as its frame last said. */
  state = 'loading';
  #frame: HTMLIFrameElement | null = null;
  #rests = false;

  connectedCallback(): void {
    if (this.#frame) return;
    const { site = '', size = 'm', theme = '', lang = '' } = this.dataset;
    const [width, height] = sizes[size] ?? [320, 332];
    const { style } = this;
    // Where the page has not kept room, showing up there would move what people are looking at: then it sits in a corner.
    const moves = this.offsetHeight < height && moved(this);
    style.cssText =
      `display:block;box-sizing:border-box;width:100%;max-width:${width}px;height:${height}px` +
      (moves
        ? ';position:fixed;right:12px;bottom:12px;max-width:min(440px,calc(100vw - 24px));height:96px;z-index:2147483000'
        : '');
    const frame = document.createElement('iframe');
    const query = { site, from: location.origin, size: moves ? 's' : size, theme, lang };
    frame.src = `${home}/embed/frame?${new URLSearchParams(query)}`;
    frame.title = 'Talka';
    frame.style.cssText = 'border:0;width:100%;height:100%;color-scheme:normal';
    // Whoever asks it from the page's own scripts gets no handle to our frame by name.
    this.attachShadow({ mode: 'closed' }).append(frame);
    this.#frame = frame;
    addEventListener('message', ({ source, origin, data }: MessageEvent<unknown>) => {
      if (source !== frame.contentWindow || origin !== home) return;
      const { talka, is, ...detail } = data as Said & { readonly state?: string };
      if (talka !== 1) return;
      // What was asked before there was anybody to hear it is asked now.
      if (this.state === 'loading' && this.#rests) this.#tell('pause');
      if (detail.state) this.state = detail.state;
      this.dispatchEvent(new CustomEvent(`talka-${is}`, { detail, bubbles: true, composed: true }));
    });
  }

  /** Elsewhere in the page its frame begins anew. */
  disconnectedCallback(): void {
    this.state = 'loading';
  }

  /** Asks the frame to rest. Only the page's own pause ends by `resume`: what its person paused stays so. */
  pause(): void {
    this.#rests = true;
    this.#tell('pause');
  }

  resume(): void {
    this.#rests = false;
    this.#tell('resume');
  }

  #tell(word: 'pause' | 'resume'): void {
    this.#frame?.contentWindow?.postMessage({ talka: 1, do: word }, home);
  }
}

/** Whether something that is seen lies after an element, once anything was painted at all. */
function moved(element: Element): boolean {
  if (performance.getEntriesByType('paint').length === 0) return false;
  const after = document.createRange();
  after.setStartAfter(element);
  after.setEndAfter(document.body.lastChild ?? element);
  const { top, height } = after.getBoundingClientRect();
  return height > 0 && top < innerHeight;
}

if (!customElements.get('talka-widget')) customElements.define('talka-widget', TalkaWidget);
if (script?.dataset['site']) {
  const element = document.createElement('talka-widget');
  Object.assign(element.dataset, script.dataset);
  const put = (): void => {
    if (script.parentElement?.closest('body')) script.after(element);
    else document.body.append(element);
  };
  if (document.body) put();
  else addEventListener('DOMContentLoaded', put);
}
