/** What is said from the consent on, in both languages: loaded when somebody wants to read it. */
import type { EmbedFacts } from '../wire/views.ts';
import { jobWords } from './facts.ts';
import type { Language } from './facts.ts';

/** Why work rests, or how it stands, in one line each. */
export type Standing =
  | 'preparing'
  | 'working'
  | 'paused'
  | 'page-paused'
  | 'unseen'
  | 'no-job'
  | 'waiting'
  | 'unreachable'
  | 'elsewhere'
  | 'found-wrong'
  | 'cannot';

export interface LaterWords {
  readonly consent: {
    readonly title: string;
    readonly terms: readonly [forWhom: string, what: string, cost: string];
    readonly agree: string;
    readonly decline: string;
    readonly waiting: string;
    readonly covered: string;
    readonly openWindow: string;
    readonly blocked: string;
    readonly inWindow: string;
    readonly orphan: string;
    readonly done: string;
  };
  readonly standing: Readonly<Record<Standing, string>>;
  readonly busy: (cores: number) => string;
  readonly working: (site: string) => string;
  readonly chunks: (count: number) => string;
  readonly credit: (micro: number) => string;
  readonly pause: string;
  readonly resume: string;
  readonly stop: string;
  readonly here: string;
  readonly stopped: (site: string, told: boolean) => readonly [title: string, text: string];
  readonly unkept: string;
}

const whole = { en: new Intl.NumberFormat('en'), zh: new Intl.NumberFormat('zh-Hans') };
const tenths = {
  en: new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  zh: new Intl.NumberFormat('zh-Hans', { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
};

export const laterWords: Readonly<Record<Language, LaterWords>> = {
  en: {
    consent: {
      title: 'What you would agree to',
      terms: ['For', 'What', 'Cost'],
      agree: 'I agree: start',
      decline: 'Not now',
      waiting: 'You can agree once this has been in plain view for a second.',
      covered: 'The page covers or changes this frame. In a window of its own nothing can.',
      openWindow: 'Read it in a window',
      blocked: 'Your browser did not open the window. Allow it for this page, or work on Talka’s own page.',
      inWindow:
        'It is open in a window of Talka’s own, which no page can cover. Nothing runs until you agree there.',
      orphan:
        'The page that opened this window cannot be reached. Close it and try again, or use Talka’s own page.',
      done: 'Agreed. You can close this window: the work is on the page you came from.',
    },
    standing: {
      preparing: 'Getting ready.',
      working: 'At work.',
      paused: 'Paused by you.',
      'page-paused': 'Paused by the page.',
      unseen: 'Resting: it works only while you can see it.',
      'no-job': 'Waiting: no job is open just now.',
      waiting: 'Waiting for others’ answers.',
      unreachable: 'The coordinator does not answer. Results are kept; it tries again by itself.',
      elsewhere: 'This browser computes for this site in another tab.',
      'found-wrong': 'An answer of this machine was found wrong. It rests; Talka’s own page says more.',
      cannot: 'It cannot go on here. Nothing runs. Talka’s own page says more.',
    },
    busy: (cores) => (cores === 1 ? 'At work on one core.' : `At work on ${cores} cores.`),
    working: (site) => `Computing by way of ${site}`,
    chunks: (count) => `${whole.en.format(count)} ${count === 1 ? 'chunk' : 'chunks'}`,
    credit: (micro) => `${tenths.en.format(micro / 1e6)} credits`,
    pause: 'Pause',
    resume: 'Continue',
    stop: 'Stop',
    here: 'Work here',
    stopped: (site, told) => [
      'Stopped',
      told
        ? `What you agreed to on ${site} is taken back, and the coordinator knows. Nothing runs.`
        : `What you agreed to on ${site} is forgotten here. The coordinator could not be told, but nothing runs.`,
    ],
    unkept: 'This browser keeps nothing for this page: results and key last as long as the page is open.',
  },
  zh: {
    consent: {
      title: '您将同意的内容',
      terms: ['为谁', '做什么', '代价'],
      agree: '我同意，开始',
      decline: '暂不',
      waiting: '这些内容清楚显示一秒之后，就可以同意。',
      covered: '页面遮住或改动了这个框。在单独的窗口里，谁也遮不住。',
      openWindow: '在窗口里看',
      blocked: '浏览器没有打开窗口。请允许本页打开，或到 Talka 自己的页面去。',
      inWindow: '内容已在 Talka 自己的窗口里打开，别的页面遮不住它。您在那里同意之前，什么都不运行。',
      orphan: '联系不上打开这个窗口的页面。请关掉再试，或用 Talka 自己的页面。',
      done: '已同意。可以关掉这个窗口了：计算就在您来的那个页面上。',
    },
    standing: {
      preparing: '正在准备。',
      working: '正在计算。',
      paused: '您已暂停。',
      'page-paused': '页面让它暂停。',
      unseen: '休息中：您看得见时它才计算。',
      'no-job': '等待中：眼下没有开放的任务。',
      waiting: '正在等别人的答案。',
      unreachable: '协调端没有回应。结果都留着，它会自己再试。',
      elsewhere: '这个浏览器正在另一个标签页里为本站计算。',
      'found-wrong': '这台机器的一个答案被查出有误，已停下；详情见 Talka 自己的页面。',
      cannot: '在这里没法继续。什么都不运行；详情见 Talka 自己的页面。',
    },
    busy: (cores) => `正用 ${cores} 个核心计算。`,
    working: (site) => `经由 ${site} 计算`,
    chunks: (count) => `${whole.zh.format(count)} 块`,
    credit: (micro) => `${tenths.zh.format(micro / 1e6)} 积分`,
    pause: '暂停',
    resume: '继续',
    stop: '停止',
    here: '在这里计算',
    stopped: (site, told) => [
      '已停止',
      told
        ? `您在 ${site} 的同意已经收回，协调端也知道了。什么都不运行。`
        : `您在 ${site} 的同意已在这里忘掉。没能告诉协调端，不过什么都不运行。`,
    ],
    unkept: '浏览器不让这个页面保存东西：结果和密钥只在页面开着时有效。',
  },
};

/** Bytes of digest and usual output for each unit that crosses the network, by kernel. */
const unitBytes: Readonly<Record<string, number>> = { 'mersenne-tf@1': 24, 'path-trace@1': 800 };

/** What a person reads before agreeing: for whom, what, at what cost, and the agreement itself. */
export interface ConsentText {
  readonly forWhom: string;
  readonly what: string;
  readonly cost: string;
  readonly agreement: string;
  /** All of it, as its digest goes into the signed record [WR2]. */
  readonly whole: string;
}

/** The consent for this site, these jobs and so many cores. The same facts make the same text in the frame and in the window. */
export function consentText(facts: EmbedFacts, language: Language, cores: number): ConsentText {
  const name = facts.site?.name ?? '';
  const job = facts.job;
  const { title, cause } = job === null ? { title: '–', cause: '–' } : jobWords(job, language);
  const bytes = job === null ? undefined : unitBytes[job.kernel];
  const megabytes =
    bytes === undefined || job === null ? null : (3_600e6 * cores * bytes) / job.unitCostMicro / 1e6;
  const parts = texts[language](name, title, cause, facts.further, cores, megabytes);
  return { ...parts, whole: [parts.forWhom, parts.what, parts.cost, parts.agreement].join('\n') };
}

type Parts = Omit<ConsentText, 'whole'>;
type Text = (
  site: string,
  title: string,
  cause: string,
  further: number,
  cores: number,
  megabytes: number | null,
) => Parts;

/** A rough figure for people: two digits. */
const about = (value: number): string => whole.en.format(Number(Math.max(1, value).toPrecision(2)));

const texts: Readonly<Record<Language, Text>> = {
  en: (site, title, cause, further, cores, megabytes) => ({
    forWhom: `Brought by ${site}. Your credit is yours; the log says that this site brought you.`,
    what: `${title}. ${cause}${further === 0 ? '' : ` Also ${further} further open job${further === 1 ? '' : 's'}.`}`,
    cost:
      `${cores === 1 ? 'One core' : `${cores} cores`} of this machine, in full, while you can see this frame; ` +
      'no graphics processor. It gets warmer, and a battery runs down sooner. ' +
      (megabytes === null ? '' : `About ${about(megabytes)} MB of results an hour on ordinary cores.`),
    agreement:
      'I let this frame compute parts of the jobs that this coordinator has open, as said above, until I press ' +
      `Stop; and go on by itself when I come back to ${site} within 30 days. From now on this browser keeps a device key ` +
      'for this site, and results on their way. The coordinator receives my public key and my results, learns how ' +
      'many cores there are, how fast they are, when work is done and by way of which site, and sees my network address. ' +
      `${site} learns that I compute and how much, not which account is mine. The account’s number and credit are public, and so, with my ` +
      'public key, is this browser’s signature now and then that it saw the coordinator’s log. ' +
      'Account, device key, site, what was computed, when and how fast, and who shares a network with whom stay in ' +
      'the log for ever, which everybody may read; without name or address. Stop takes this agreement back at once.',
  }),
  zh: (site, title, cause, further, cores, megabytes) => ({
    forWhom: `经由 ${site}。积分归您；日志会记下是这个网站带您来的。`,
    what: `${title}。${cause}${further === 0 ? '' : `另有 ${further} 个开放的任务。`}`,
    cost:
      `您看得见这个框时，全速使用这台机器的 ${cores} 个核心；不用显卡。机器会热一些，电池也用得快些。` +
      (megabytes === null ? '' : `在普通核心上，每小时约上传 ${about(megabytes)} MB 结果。`),
    agreement:
      '我同意：这个框按上面所说，计算这个协调端所开放任务的一部分，直到我点“停止”；' +
      `30 天内我再来 ${site}，它会自己接着算。此后，浏览器为本站保存一把设备密钥和尚未送达的结果；协调端会收到我的公钥和计算结果，` +
      '得知有几个核心、速度多快、何时经由哪个网站在计算，并能看到我的网络地址。' +
      `${site} 会知道有人在计算、算了多少，但不知道是哪个账户。账户编号和积分是公开的；` +
      '本浏览器会不时签名，证明看过协调端的日志，这份签名连同我的公钥也是公开的。' +
      '账户、设备密钥、网站、何时算了什么、有多快、谁与谁在同一网络，会永远留在日志里，人人可读，但不带名字和地址。点“停止”，本约定立即收回。',
  }),
};
