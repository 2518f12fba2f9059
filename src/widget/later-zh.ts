/** What is said from the consent on, in Chinese. */
import type { LaterWords } from './said.ts';

const whole = new Intl.NumberFormat('zh-Hans');
const tenths = new Intl.NumberFormat('zh-Hans', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const words: LaterWords = {
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
    'found-wrong': '这台机器的一个答案经重算有误，这里不再运行。',
    cannot: '在这里没法继续，所以什么都不运行；也许可以在 Talka 自己的页面上算。',
  },
  busy: (cores) => `正用 ${cores} 个核心计算。`,
  working: (site) => `经由 ${site} 计算`,
  chunks: (count) => `${whole.format(count)} 块`,
  credit: (micro) => `${tenths.format(micro / 1e6)} 积分`,
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
  terms: ({ site, coordinator, title, cause, further, cores, megabytes }) => ({
    forWhom: `经由 ${site}，为协调端 ${coordinator} 计算。积分归您；日志会记下是这个网站带您来的。`,
    what: `${title}。${cause}${further === 0 ? '' : `另有 ${further} 个开放的任务。`}`,
    cost:
      `您看得见这个框时，全速使用这台机器的 ${cores} 个核心；不用显卡。机器会热一些，电池也用得快些。` +
      (megabytes === null ? '' : `在普通核心上，每小时约上传 ${whole.format(megabytes)} MB 结果。`),
    agreement:
      `我同意：这个框按上面所说，计算 ${coordinator} 所开放任务的一部分，核对别人算出的部分，直到我点“停止”；` +
      `30 天内我再来 ${site}，它会自己接着算。此后，浏览器（若容许框保存东西）为本站保存一把设备密钥和尚未送达的结果；协调端会收到我的公钥和计算结果，` +
      '得知有几个核心、速度多快、何时经由哪个网站在计算，并能看到我的网络地址。' +
      `${site} 会知道有人在计算、算了多少，但不知道是哪个账户。账户编号和积分是公开的；` +
      '本浏览器会不时签名，证明看过协调端的日志，这份签名连同我的公钥也是公开的。' +
      '账户、设备密钥、网站、何时算了什么、有多快、谁与谁在同一网络，会永远留在日志里，人人可读，但不带名字和地址。点“停止”，本约定立即收回。',
  }),
};
