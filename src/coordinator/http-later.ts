/** HTTP comes after the first leases: what answers it is loaded when somebody asks, or soon after the start. */
import type { House } from './house.ts';
import type { Fetch } from './listening.ts';

/** When it is loaded where nobody has asked for it yet. */
const httpAfterMs = 500;

/** `fetch` asks for what answers, and waits until there is a house to `serve`; `close` ends what streams. */
export function httpLater(onFatal: (error: unknown) => void) {
  let housing: (house: House) => void = () => {};
  const housed = new Promise<House>((done) => (housing = done));
  let pulse: { close(): void } | null = null;
  let isClosed = false;
  const load = async () => {
    const [{ httpOf }, house] = await Promise.all([import('./http.ts'), housed]);
    const { app, live } = httpOf(house);
    if (isClosed) live.close();
    pulse = live;
    const fetch: Fetch = ({ request, env }) => app.fetch(request, env);
    return fetch;
  };
  let loading: ReturnType<typeof load> | null = null;
  const fetch = (): Promise<Fetch> => (loading ??= load());
  let soon: NodeJS.Timeout | undefined;
  return {
    fetch,
    serve(house: House): void {
      housing(house);
      soon = setTimeout(() => void fetch().catch(onFatal), httpAfterMs);
    },
    /** Waits for nothing: a start that failed may have no house. */
    close(): void {
      isClosed = true;
      clearTimeout(soon);
      pulse?.close();
    },
  };
}
