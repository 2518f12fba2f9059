/** Turns quantities into words of one language: counts, credits, shares, bytes and spans of time, all through Intl. */

/** How one language writes quantities. Made once for each language. */
export interface Formats {
  /** 12,345 */
  readonly whole: (count: number) => string;
  /** 12,345 up to ten millions, then 12.35M: what stands in narrow columns. */
  readonly count: (count: number) => string;
  /** Microcredits as credits: two digits after the point, none from ten thousand on, shortened from ten millions on. */
  readonly credit: (micro: number) => string;
  /** 0 … 1 as per cent; below 1 % with one digit, and never 100 % before all is done. */
  readonly share: (part: number, of: number) => string;
  /** One digit after the point. */
  readonly tenth: (value: number) => string;
  /** kB, MB or GB, two significant digits. */
  readonly bytes: (count: number) => string;
  /** Seconds, minutes, hours or days, in the largest unit that says enough. */
  readonly span: (ms: number) => string;
  /** Seconds, for countdowns. */
  readonly seconds: (count: number) => string;
  /** A day and time on this machine's clock. */
  readonly moment: (at: number) => string;
  /** How long ago, in words. */
  readonly ago: (at: number, now: number) => string;
}

/** Counts below this are written out. */
const shortMin = 1e7;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** The formats of one BCP 47 locale. */
export function formatsFor(locale: string): Formats {
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const hundredth = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumSignificantDigits: 4 });
  const tenth = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const percent = (digits: number): Intl.NumberFormat =>
    new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: digits });
  const unit = (name: string, display: 'long' | 'short', digits = 0): Intl.NumberFormat =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit: name,
      unitDisplay: display,
      maximumFractionDigits: digits,
    });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const ago = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  return {
    whole: (count) => whole.format(count),
    count: (count) => (count < shortMin ? whole : short).format(count),
    credit: (micro) =>
      (micro < 1e10 ? hundredth : micro < shortMin * 1e6 ? whole : short).format(micro / 1e6),
    share: (part, of) => shareOf(part, of, percent(0), percent(1)),
    tenth: (value) => tenth.format(value),
    bytes: (count) => bytesOf(count, unit),
    span: (ms) => spanOf(ms, unit),
    seconds: (count) => unit('second', 'long').format(count),
    moment: (at) => moment.format(at),
    ago: (at, now) => agoOf(now - at, ago),
  };
}

function shareOf(part: number, of: number, rough: Intl.NumberFormat, fine: Intl.NumberFormat): string {
  if (of === 0) return rough.format(0);
  const share = part / of;
  const small = share > 0 && share < 0.01;
  const almost = share < 1 && share > 0.99;
  if (almost) return fine.format(Math.floor(share * 1000) / 1000);
  return (small ? fine : rough).format(small ? Math.max(share, 0.001) : share);
}

function bytesOf(
  count: number,
  unit: (name: string, display: 'short', digits?: number) => Intl.NumberFormat,
): string {
  if (count < 1e6) return unit('kilobyte', 'short', count < 1e4 ? 1 : 0).format(count / 1e3);
  if (count < 1e9) return unit('megabyte', 'short', count < 1e7 ? 1 : 0).format(count / 1e6);
  return unit('gigabyte', 'short', 1).format(count / 1e9);
}

function spanOf(
  ms: number,
  unit: (name: string, display: 'long', digits?: number) => Intl.NumberFormat,
): string {
  if (ms < minuteMs) return unit('second', 'long').format(Math.max(1, Math.round(ms / 1000)));
  if (ms < 2 * hourMs) return unit('minute', 'long').format(Math.round(ms / minuteMs));
  if (ms < 2 * dayMs) return unit('hour', 'long').format(Math.round(ms / hourMs));
  return unit('day', 'long').format(Math.round(ms / dayMs));
}

function agoOf(ms: number, ago: Intl.RelativeTimeFormat): string {
  if (ms < minuteMs) return ago.format(-Math.max(0, Math.round(ms / 1000)), 'second');
  if (ms < hourMs) return ago.format(-Math.round(ms / minuteMs), 'minute');
  if (ms < dayMs) return ago.format(-Math.round(ms / hourMs), 'hour');
  return ago.format(-Math.round(ms / dayMs), 'day');
}
