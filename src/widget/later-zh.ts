/** What is said at work, in Chinese. */
import type { LaterWords } from './said.ts';

const whole = new Intl.NumberFormat('zh-Hans');
const tenths = new Intl.NumberFormat('zh-Hans', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const words: LaterWords = {
  standing: {
    working: '正在计算。',
    paused: '你已暂停。',
    'page-paused': '页面让它暂停。',
    unseen: '休息中：你看得见时它才计算。',
    'no-job': '等待中：眼下没有开放的任务。',
    waiting: '正在等别人的答案。',
    unreachable: '协调端没有回应。结果都留着，它会自己再试。',
    elsewhere: '这个浏览器正在另一个标签页里为本站计算。',
    'found-wrong': '这台机器的一个答案经重算有误，这里不再运行。',
    cannot: '在这里没法继续，所以什么都不运行；也许可以在 Talka 自己的页面上算。',
  },
  chunks: (count) => `${whole.format(count)} 块`,
  credit: (micro) => `${tenths.format(micro / 1e6)} 积分`,
  pause: '暂停',
  resume: '继续',
  here: '在这里计算',
  stopped: (site, told) => [
    '已停止',
    told
      ? `你在 ${site} 的同意已经收回，协调端也知道了。什么都不运行。`
      : `你在 ${site} 的同意已在这里忘掉。没能告诉协调端，不过什么都不运行。`,
  ],
  lapsed: '这里的同意不再算数：可能已过 30 天，也可能是这台机器的时钟不准。什么都不运行。',
  rewards: '你的积分的去处',
  unkept: '浏览器不让这个页面保存东西：结果和密钥只在页面开着时有效。',
};
