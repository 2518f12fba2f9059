/** What the consent says, in Chinese: one text with `later-zh.ts`, apart since its window needs no more. */
import type { ConsentWords } from './said.ts';

const whole = new Intl.NumberFormat('zh-Hans');

export const words: ConsentWords = {
  lang: 'zh-Hans',
  home: 'Talka 是什么？',
  title: '你将同意的内容',
  heads: ['为谁', '做什么', '代价'],
  agree: '我同意，开始',
  decline: '暂不',
  waiting: '这些内容清楚显示一秒之后，就可以同意。',
  orphan: '联系不上打开这个窗口的页面。请关掉再试，或用 Talka 自己的页面。',
  done: '已同意。可以关掉这个窗口了：计算就在你来的那个页面上。',
  terms: ({ site, coordinator, title, cause, further, cores, megabytes }) => ({
    forWhom: `经由 ${site}，为 ${coordinator} 计算：它是协调端，负责分派和核对。算了多少，记作你的积分；日志会记下是这个网站带你来的。`,
    what: `${title}。${cause}${further === 0 ? '' : `另有 ${further} 个开放的任务。`}`,
    cost:
      `你看得见它时，全速使用这台机器的 ${cores} 个核心；不用显卡。机器会热一些，电池也用得快些。` +
      (megabytes === null ? '' : `在普通核心上，每小时约上传 ${whole.format(megabytes)} MB 结果。`),
    agreement:
      `我同意：${site} 上的 Talka 框按上面所说，计算 ${coordinator} 所开放任务的一部分，核对别人算出的部分，直到我点“停止”；` +
      `30 天内我再来 ${site}，它会接着算：12 小时内在同一个标签页里自己开始，在别的标签页里要等我点“接着算”。此后，浏览器（若容许框保存东西）为本站保存一把设备密钥、尚未送达的结果，以及哪些程序在这里试算无误；协调端会收到我的公钥和计算结果，` +
      '得知有几个核心、速度多快、何时经由哪个网站在计算，并能看到我的网络地址。' +
      `${site} 会知道有人在计算、算了多少，但不知道是哪个账户。账户编号和积分是公开的；` +
      '本浏览器会不时签名，证明看过协调端的日志，这份签名连同我的公钥也是公开的。' +
      '账户、设备密钥、网站、何时算了什么、有多快、谁与谁在同一网络，会永远留在日志里，人人可读，但不带名字和地址。点“停止”，本约定立即收回。',
  }),
};
