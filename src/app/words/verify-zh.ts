/** What the page that checks receipts says, in Simplified Chinese: written for its readers, not translated. */
import { formatsFor } from '../format.ts';
import { credits, momentOr } from '../verify/catalogue.ts';
import type { VerifyWords } from '../verify/catalogue.ts';
import { runsText } from '../../volunteer/receipt-check.ts';
import type { ReceiptRow } from '../../volunteer/receipt-check.ts';

const zh = formatsFor('zh-CN');
const moment = (at: number): string => momentOr(zh, at, `${at} 毫秒`);

function whatOf({ kind, row }: ReceiptRow): string {
  if (kind === 'accepted') return `第 ${zh.whole(row.chunk)} 块`;
  if (kind === 'audit') return `第 ${zh.whole(row.audit)} 次抽查`;
  return `第 ${runsText(row.chunks, zh.whole).replaceAll(', ', '、')} 块`;
}

export const chinese: VerifyWords = {
  title: '查验收据 · Talka',
  heading: '查验收据',
  lede: '收据是协调端签了名的凭据，写明它付给一台设备多少积分，以及这些积分后来怎样。查验就在你的浏览器里做，收据的内容不会发往任何地方。',
  choose: '选择文件',
  drop: '也可以把文件拖到这一页的任何地方。',
  kinds: '一张或几千张都行，志愿者怎么存的就怎么读。',
  own: '查验这个浏览器里存的',
  ownNone: '这个浏览器里没有收据。',
  linked: (host) => `你是从链接来的：这张收据是向 ${host} 要来的，查验起来与别的一样。`,
  linkNone: '协调端没有这张收据，或者它还没有公开：那一拍所记的都成为定局之后才会公开。',
  linkGone: '没能从协调端取到链接所指的收据。重新载入页面可以再试。',
  unreadable: '文件没能读出来。它没有变化，请重新选择。',
  tooLarge: (bytes) => `一次超过 ${bytes}，网页处理不了。下面的命令可以读任意大小的文件。`,
  paste: '也可以粘贴到这里',
  check: '查验',
  loading: '正在载入页面的其余部分。',
  loaded: '这一页已全部载入，断网也能用。',
  looking: (done, of) => `已看 ${zh.whole(done)} 张，共 ${zh.whole(of)} 张。`,
  nothing: '里面没有收据。',
  nothingNote: (sample) => `收据的样子是 ${sample}；一个文件里可以每行一张。`,
  result: '查验结果',
  holds: (count) => (count === 1 ? '这张收据成立。' : `${zh.whole(count)} 张收据全部成立。`),
  failsAt: {
    text: '这张收据不成立：文字不完整，或者前后矛盾。',
    tree: '这张收据不成立：它的文字不在签过名的那棵树里。',
    signature: '这张收据不成立：它所写的密钥没有签过它。',
    amounts: '这张收据不成立：有一笔金额与单价对不上。',
  },
  fails: (wrong, of) => `${zh.whole(of)} 张收据中，${zh.whole(wrong)} 张不成立。`,
  paid: (chunks, micro, accounts) =>
    `共 ${zh.whole(chunks)} 块，${credits.zh(micro)} 积分${accounts > 1 ? `，付给 ${zh.whole(accounts)} 个账户` : ''}。`,
  pending: (chunks, micro) =>
    `其中 ${zh.whole(chunks)} 块的 ${credits.zh(micro)} 积分在签名时还待定：已通过，但在规定的期限内若证明有错，就会作废。后来怎样，写在以后的收据上。`,
  vested: (chunks, micro) =>
    `原先待定的 ${zh.whole(chunks)} 块，共 ${credits.zh(micro)} 积分，已经确认，不会再变。`,
  voided: (chunks, micro) =>
    `原先待定的 ${zh.whole(chunks)} 块，共 ${credits.zh(micro)} 积分，已经作废：有答案被证明是错的，积分收回。`,
  audits: (count, units, micro) =>
    `抽查 ${zh.whole(count)} 次，重算了别人的 ${zh.whole(units)} 个单元，得 ${credits.zh(micro)} 积分，不会再变。`,
  left: (micro) =>
    micro === null
      ? '确认的和作废的，比这些收据里通过的还多：收据不全。'
      : `按这些收据，还有 ${credits.zh(micro)} 积分待定。`,
  signedBy: '签名的协调端，其密钥是',
  paidTo: '付给',
  keyKnown: '这个浏览器正是替这把密钥的协调端计算的。',
  keyOther: '这个浏览器替另一把密钥的协调端计算。',
  keyUnknown: '这把密钥属于谁，收据自己说不清。请与你所知的那把对照。',
  keyAsk: '你所知的密钥',
  keySame: '是同一把密钥。',
  keyDiffers: '是另一把密钥：签名的另有其人。',
  mine: '这个浏览器的账户',
  twice: (count) => `有 ${zh.whole(count)} 块出现在两张收据里，每块只算一次。`,
  list: '逐张查看',
  wrongList: '不成立的收据',
  receipt: (number, tick) => `第 ${zh.whole(number)} 张，第 ${zh.whole(tick)} 拍`,
  receiptUntold: (number) => `第 ${zh.whole(number)} 张`,
  sums: {
    accepted: (count, micro) => `${zh.whole(count)} 块，${credits.zh(micro)} 积分`,
    vested: (count, micro) => `确认 ${zh.whole(count)} 块，${credits.zh(micro)} 积分`,
    voided: (count, micro) => `作废 ${zh.whole(count)} 块，${credits.zh(micro)} 积分`,
    audit: (count, micro) => `抽查 ${zh.whole(count)} 次，${credits.zh(micro)} 积分`,
  },
  more: (count) => `再显示 ${zh.whole(count)} 张`,
  steps: { text: '文字', tree: '在树里的位置', signature: '签名', amounts: '金额' },
  states: { holds: '成立', fails: '不成立', unseen: '没有看', partly: '部分成立' },
  unseen: '上面有一步不成立，这一步无从谈起。',
  text: {
    holds: (tick, at) => `文字完整，写法与规范一字不差，时间也与第 ${zh.whole(tick)} 拍相同：${moment(at)}。`,
    noReceipt: '这不是收据：读不成一个完整的数据对象。',
    part: '缺了一部分，或者某一部分的格式不对。',
    partSays: (part, says) => `${part}：${says}`,
    leaf: {
      'not-json': '本该是付款文字的地方，读不成数据。',
      form: '本该是付款文字的地方，不是这里认得的收据格式（第三版，或从前的第二版）。',
      writing: '付款文字的写法与规范不同。意思也许一样，但签名只认一种写法。',
    },
    time: (leafAt, tickAt) =>
      `前后矛盾：文字写于 ${moment(leafAt)}（${leafAt} 毫秒），这一拍却在 ${moment(tickAt)}（${tickAt} 毫秒）。两处必有一处被改过。`,
    show: '计算哈希时的原文',
  },
  tree: {
    holds: (number, of, hashes) =>
      of === 1
        ? '这一拍只有这一张收据：它的哈希就是树根。'
        : `它是这一拍（协调端一次写下的账）${zh.whole(of)} 张收据中的第 ${zh.whole(number)} 张：它的哈希一路向上，与另外 ${zh.whole(hashes)} 个哈希合起来，正好得到树根。`,
    fails: '它的哈希走不到这一拍的树根。有什么被改过：文字（账户、块或金额）、序号、路径，或者树根。',
    show: '一个一个哈希地看这条路',
    leaf: '文字的哈希',
    beside: '与它合并',
    root: '这一拍收据的树根',
  },
  signature: {
    holds: (tick, records) =>
      `它所写的密钥签过第 ${zh.whole(tick)} 拍：签的是这个树根，以及当时共 ${zh.whole(records)} 条的日志。`,
    fails:
      '它所写的密钥没有签过这些。有什么被改过：拍号、时间、某个树根、日志长度、密钥或签名；或者签名的另有其人。',
    show: '签了什么，怎样签的',
    key: '密钥（椭圆曲线签名）',
    head: '拍号、时间（毫秒）、日志条数、日志的树根、收据的树根',
    signature: '签名',
  },
  amounts: {
    holds: (count) =>
      count === 1
        ? '金额正是各单元的价钱，单价是派活时讲好的。'
        : `${zh.whole(count)} 笔金额，每笔都正是各单元的价钱，单价是派活时讲好的。`,
    partly: (unpriced, of) =>
      `${zh.whole(of)} 笔金额中有 ${zh.whole(unpriced)} 笔的单价没有同收据一起保存：它们以签名为准，没法重算。`,
    fails: (of, owed) =>
      `任务 ${of.row.job} 的${whatOf(of)}：签名的金额是 ${credits.zh(of.row.amountMicro)} 积分，各单元的价钱却是 ${credits.zh(owed)}。金额签过名，一旁保存的单价没有：要么单价被改过，要么协调端付的与讲好的不同。`,
    outside: (of) =>
      `收据里有任务 ${of.row.job} 的${whatOf(of)}，可是按一旁保存的大小，这个任务没有这些。文字签过名，大小没有：要么大小被改过，要么协调端付的与讲好的不同。`,
    show: '逐笔查看',
    caption: '单元数 × 单价 = 金额（积分）',
    job: '任务',
    kind: '种类',
    kinds: { final: '通过并已确认', pending: '通过，待定', vested: '确认', voided: '作废', audit: '抽查' },
    what: '所付',
    whatOf,
    units: '单元',
    cost: '单价',
    amount: '金额',
    unknown: '没有保存',
  },
  ask: {
    heading: '也可以问问协调端',
    note: (host) =>
      `以上结果都是在这里、只凭收据算出来的，不会再变。如果愿意，可以向 ${host} 要它的密钥和日志来对照；它能证明多少，就信它多少。关于收据，只会告诉它当时日志有多长。`,
    button: '现在就问',
    asking: '正在问。',
    unanswered: '没有得到能读懂的答复。以上结果与此无关。',
    otherKey: '它用的是另一把密钥。这些收据来自别的协调端，或者它已不是原来那个：',
    extends: (now, then, compared) =>
      `签名的正是它的密钥。它现在的日志有 ${zh.whole(now)} 条，开头正是当时签过名的 ${zh.whole(then)} 条：记下的还在，没有改过（对照了 ${zh.whole(compared)} 个签过名的日志头）。`,
    restored: (since, kept, then) =>
      `签名的正是它的密钥。它在 ${moment(since)} 签名声明自己是从备份恢复的：留下 ${zh.whole(kept)} 条，而这张收据当时的日志有 ${zh.whole(then)} 条，这笔付款在它那里丢失了。收据能证明当时的承诺，请联系运营方。`,
    notSigned: '签名的正是它的密钥，可是它现在关于日志的说法没有签名。',
    shrunk: (now, then) =>
      `它的日志现在只有 ${zh.whole(now)} 条，比签名时的 ${zh.whole(then)} 条还短：有记录不见了。请留好收据，它就是证明；请联系运营方。`,
    notExtending: (now, then) =>
      `它没能证明现在的日志（${zh.whole(now)} 条）是从当时签名的日志（${zh.whole(then)} 条）接下来的。请留好收据，并联系运营方。`,
    several: '成立的收据，出自这把密钥：',
  },
  limits: {
    heading: '收据能证明什么，不能证明什么',
    says: [
      '它证明：持有那把密钥的人，在那个时刻为这个账户签下了这些，不能抵赖：通过了什么、付了多少，原先待定的哪些确认、哪些收回，以及抽查得了多少。',
      '它不能证明密钥属于谁，不能证明付过钱的答案是对的，也不能证明协调端还保存着日志。',
      '这一页本身也来自某个协调端。信不过它，就把同一个文件交给另一个协调端的页面查验，或者直接用程序查验：',
    ],
  },
};
