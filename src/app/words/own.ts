/** What the working page says of this session, its settings and its account, in both languages: loaded with the rest of the work, after Start. */
import type { GpuView } from '../../volunteer/store.ts';
import type { Language } from '../consent.ts';
import { formatsFor } from '../format.ts';

export interface OwnWords {
  readonly tally: {
    readonly heading: string;
    readonly units: string;
    readonly chunks: string;
    readonly committed: string;
    readonly final: string;
    readonly lost: (count: number) => string;
    readonly withAnchor: (count: number, of: number) => string;
    /** Of the accepted chunks, how many are provisional still. */
    readonly provisional: (count: number) => string;
    readonly rate: string;
    /** After the number: times the reference core. */
    readonly rateUnit: string;
    readonly rateSoon: string;
    readonly credit: string;
    readonly session: string;
    readonly pending: string;
    readonly vested: string;
  };
  readonly settings: {
    readonly heading: string;
    readonly share: string;
    readonly shareNote: string;
    readonly gpu: string;
    readonly gpuStates: (gpu: GpuView) => string;
    readonly still: string;
    readonly stillNote: string;
  };
  readonly me: {
    readonly heading: string;
    readonly ornament: string;
    readonly account: string;
    readonly board: string;
    readonly forget: string;
    readonly forgetNote: string;
    readonly forgetAsk: string;
    readonly forgetYes: string;
    readonly forgetNo: string;
    readonly forgetFailed: string;
  };
}

const en = formatsFor('en');
const zh = formatsFor('zh-CN');
/** "1 chunk", "2 chunks". */
const chunksOf = (count: number): string => `${en.whole(count)} ${count === 1 ? 'chunk' : 'chunks'}`;

export const ownWords: Readonly<Record<Language, OwnWords>> = {
  en: {
    tally: {
      heading: 'This session',
      units: 'Units computed',
      chunks: 'Chunks computed',
      committed: 'returned',
      final: 'accepted',
      lost: (count) => `${chunksOf(count)} settled without this machine’s answer.`,
      withAnchor: (count, of) =>
        `${en.whole(count)} of your ${en.whole(of)} chunks that others computed too were settled with the operator’s anchor, the others between volunteers.`,
      provisional: (count) =>
        `${chunksOf(count)} of yours ${count === 1 ? 'counts' : 'count'} provisionally: parts, drawn in secret, are computed again before their credit is yours.`,
      rate: 'Speed',
      rateUnit: 'times the reference core',
      rateSoon: 'known after 10 seconds',
      credit: 'Credit',
      session: 'this session',
      pending: 'pending',
      vested: 'verified, yours',
    },
    settings: {
      heading: 'Settings',
      share: 'Share of each core’s time',
      shareNote: 'Less than 100 % lets each core rest in between: cooler and quieter.',
      gpu: 'Use the graphics processor',
      gpuStates: gpuInEnglish,
      still: 'Keep this page still',
      stillNote: 'Numbers and cloth change every half minute only. Computing goes on.',
    },
    me: {
      heading: 'You, to others',
      ornament: 'Your ornament, woven from your account’s number',
      account: 'Account',
      board: 'Your place among all who have helped',
      forget: 'Forget me',
      forgetNote: 'Possible once nothing is running: pause or finish first.',
      forgetAsk:
        'This deletes the device key and everything else this page keeps in this browser, and has the coordinator erase your name and its note of your network, unless others share that network. Account, device key, and what was computed, when and how fast, stay in its log; credit already earned stays with an account that nobody can use any more.',
      forgetYes: 'Forget everything here',
      forgetNo: 'Keep it',
      forgetFailed: 'It could not be deleted. Close other tabs of this page and try again.',
    },
  },
  zh: {
    tally: {
      heading: '本次',
      units: '算出的单元',
      chunks: '算出的块',
      committed: '已提交',
      final: '已通过',
      lost: (count) => `有 ${zh.whole(count)} 块没有采用这台电脑的答案。`,
      withAnchor: (count, of) =>
        `你有 ${zh.whole(of)} 块别人也算过，其中 ${zh.whole(count)} 块由运营方的锚机参与核对，其余由志愿者互相核对。`,
      provisional: (count) => `你有 ${zh.whole(count)} 块暂时算数：暗中抽取的部分会被重算，之后积分才归你。`,
      rate: '速度',
      rateUnit: '倍于参考核心',
      rateSoon: '10 秒后才知道',
      credit: '积分',
      session: '本次所得',
      pending: '待定',
      vested: '已确认，归你',
    },
    settings: {
      heading: '设置',
      share: '每个核心用多少时间',
      shareNote: '低于 100% 时，核心会在中间歇一歇，更凉也更安静。',
      gpu: '使用显卡',
      gpuStates: gpuInChinese,
      still: '让页面静下来',
      stillNote: '数字和布每半分钟才变一次，计算照常。',
    },
    me: {
      heading: '别人眼里的你',
      ornament: '你的纹样，由账户编号织成',
      account: '账户',
      board: '你在出过力的人里排第几',
      forget: '忘掉我',
      forgetNote: '停下之后才能这样做：请先暂停或收尾。',
      forgetAsk:
        '这会删除设备密钥和本页存在这个浏览器里的一切，并让协调端抹去你的名字，以及它对你所在网络的记号（若还有别人用这个网络则不抹）。账户、设备密钥，以及何时算了什么、有多快，仍留在它的日志里；已得的积分留在账户上，但再也没有人能使用那个账户。',
      forgetYes: '全部忘掉',
      forgetNo: '留着',
      forgetFailed: '没能删除。请关掉本页的其他标签页再试。',
    },
  },
};

function gpuInEnglish(gpu: GpuView): string {
  switch (gpu.state) {
    case 'unknown':
      return 'Not looked at yet.';
    case 'absent':
      return {
        'no-webgpu': 'Not available: this browser has no WebGPU.',
        'insecure-origin': 'Not available: browsers give it to secure (https) pages only.',
        'no-adapter': 'Not available: the browser offers no graphics processor.',
      }[gpu.why];
    case 'software':
      return `Not used: ${gpu.name} is emulated on the processor, slower than the cores themselves.`;
    case 'off':
      return 'Switched off by you.';
    case 'testing':
      return `Checking ${gpu.name} against known answers.`;
    case 'on':
      return `In use: ${gpu.name}.`;
    case 'failed':
      return `Not used: ${gpu.name} did not pass its check (${gpu.why}). The cores go on.`;
    case 'lost':
      return `${gpu.name} was taken away by the system; it will be tried again. The cores go on.`;
    default:
      return gpu satisfies never;
  }
}

function gpuInChinese(gpu: GpuView): string {
  switch (gpu.state) {
    case 'unknown':
      return '还没有检查。';
    case 'absent':
      return {
        'no-webgpu': '用不了：这个浏览器没有 WebGPU。',
        'insecure-origin': '用不了：浏览器只把它交给安全（https）页面。',
        'no-adapter': '用不了：浏览器没有提供显卡。',
      }[gpu.why];
    case 'software':
      return `不用：${gpu.name} 是用处理器模拟的，比核心自己算还慢。`;
    case 'off':
      return '你已关掉。';
    case 'testing':
      return `正在用已知答案检验 ${gpu.name}。`;
    case 'on':
      return `正在使用：${gpu.name}。`;
    case 'failed':
      return `不用：${gpu.name} 没有通过检验（${gpu.why}）。处理器照常计算。`;
    case 'lost':
      return `${gpu.name} 被系统收回，稍后会再试。处理器照常计算。`;
    default:
      return gpu satisfies never;
  }
}
