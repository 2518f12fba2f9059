/** What the page about checks says, in Simplified Chinese: written for its readers, not translated. */
import type { ChecksWords, PolicyName, Rules } from '../checks/catalogue.ts';
import { formatsFor } from '../format.ts';

const zh = formatsFor('zh-CN');
const number = new Intl.NumberFormat('zh-CN', { maximumFractionDigits: 2 });
/** Microcredits of work as seconds of the reference core. */
const work = (micro: number): string => zh.seconds(micro / 1e6);

const policySays: Readonly<Record<PolicyName, (rules: Rules) => string>> = {
  none: () => '每块收一份答案，之后没人再看。适合演示，或者机器都是委托人自己的。',
  certify: () =>
    '每块收一份答案，里面写出的每一项都当场验证，通过了才收下。没写出的照抽查办：暗中抽取、等过观察期；若验证无一遗漏，就当场最终确认。适合找东西的任务：找到什么最要紧。只有自带这种验证的程序能用。',
  audit: () =>
    '每块收一份答案，再像上面说的那样暗中抽查、等过一段观察期。新来的和大家一样要等：没有抽查够，一块也不会算最终确认。',
  adaptive: ({ probationMicro }) =>
    `人人都要抽查；此外，一台新机器最初 ${work(probationMicro)}的活，还要由另一个人再算一遍。`,
  replicate: () =>
    '每块由两个不同网络上的人各算一遍，答案必须相同（任务最多可以要求五个人）。一致即最终确认，不用再等。',
};

export const chinese: ChecksWords = {
  number: (value) => number.format(value),
  title: '答案是怎样核对的 · Talka',
  heading: '答案是怎样核对的',
  lede: '在这里出借电脑的人，和托付活计的人素不相识。这一页讲清楚：错误的答案怎么查出来，查一次要花多少，以及还有哪些错可能漏过去。',
  soFar: (audits, units, mismatches) =>
    `从这个协调端有日志以来，共抽查 ${zh.whole(audits)} 次、重算 ${zh.whole(units)} 个单元，${mismatches === 0 ? '没有查出错误的答案' : `有 ${zh.whole(mismatches)} 次查出了错误的答案`}。`,
  none: '这里还没有重算过单元：要抽查的任务还没有收到过答案。',
  drawn: ({ oneIn, tier1Micro }) => ({
    heading: '切成小份，暗中抽取',
    says: [
      '一件任务切成许多块，每块的活至多一秒左右；每块再切成单元，一个单元通常只要 5 到 50 毫秒。机器一次交一整块，核对时只看单个单元：查一次花得少，就能查得勤。',
      `答案交上来、再也改不了之后，才为每个单元掷一次骰子：机器还新时每 ${zh.whole(oneIn[1])} 个抽 1 个，累计通过 ${work(tier1Micro)}的活之后每 ${zh.whole(oneIn[2])} 个抽 1 个，从不更少。抽中了哪些，谁也不告诉。关掉网页也好，死机也好，都改变不了抽取的结果。`,
    ],
    shows: '六块，每块十六个单元。画圈的是抽中的，都是在答案交齐之后才抽的。',
  }),
  window: ({ windowUnits, leaverUnits, leaverAfterMs }) => ({
    heading: '先暂时算数，再最终确认',
    says: [
      '答案通过之后马上就能用，但只是暂时算数，积分也还待定。要等这一块里抽中的单元全都没错，并且同一台机器此后又有足够多的抽中单元没错，才最终确认。',
      `130 万单元以上的任务，要等之后的 ${zh.whole(windowUnits)} 个抽中单元；小任务等得少些，因此还留着多大的漏洞，下面都写明。没等到就走的（${zh.span(leaverAfterMs)}没交答案，或者任务已经没有活可派），临走再查一遍：从他还没确认的活里接着抽，抽满 ${zh.whole(leaverUnits)} 个单元或者抽完为止。`,
    ],
    shows:
      '一台机器先后交上来的块。实心：最终确认；空心：暂时算数；中间带点：抽到过，没错。方括号是观察期，查得越多，它越往前走。',
  }),
  wrong: ({ suspendedMs, faultMemoryMs }) => ({
    heading: '查出错误的答案之后',
    says: [
      '重算的结果对不上，就交给两个不同的引擎再各算一遍：运营方装有两种浏览器就用浏览器，否则用同一引擎的两种编译器。如果这两遍也不一样，那是程序的毛病：程序停用，谁也不怪。',
      '如果两遍一致，就是那台机器错了。这一块作废，待定的积分退回，交给别人重算。已经最终确认的不动，委托人和志愿者都不受影响。',
      `机器出错不一定是有心，所以当作意外：它其余还没确认的活由运营方逐个单元重算，算对的留下，积分照给；${zh.span(suspendedMs)}后可以从头再来，${zh.span(faultMemoryMs)}内再错，每次停得比上次久一倍。要是错得太多，或者和另一台机器错得一模一样，它还没确认的活就一律作废，由别人重算，这里也不再给它派活。同一台设备的处理器和显卡分开算。`,
    ],
    shows:
      '作假的机器有一个单元查出来是错的（打叉）。这台机器暂时算数的活全部拆掉，分给别人；最终确认的留着。',
  }),
  people: () => ({
    heading: '或者：两个人，一个答案',
    says: [
      '任务也可以不用抽查，而是请两个人来算：两个不同的账户、在两个不同的网络上，交出同样的答案，这一块才算数；答案不同，就再请一个人来定。',
      '这样不用掷骰子，也不用等。但每一块都要付两份，而且两个人要是串通好了，就会蒙混过去。',
    ],
    shows: '两户人家，两个网络。答案相同，这一块才算数。',
  }),
  proof: () => ({
    heading: '或者：答案自己作证',
    says: [
      '有些答案难找，却好验。一个巨大的数，要找出它的因数得算很久；说某个数是它的因数，对不对，不到一毫秒就能看出来。任务可以只要求这一点：每份答案都验，里面写出的全都验，只要有一项不对，整份退回。',
      '这样，不管这里有多少人说谎、串通，结果里写出的都不会有假。但“什么也没找到”证明不了什么，所以没写出的照样暗中抽查：找到了不说，或者根本没找，和别的谎一样会被查出来。',
    ],
    shows: '三份答案来到门前。两份验过没错，收下；中间那份写出的不对，留在门外，那一块交给别人。',
  }),
  anchor: ({ anchorAfterMs }) => ({
    heading: '由谁重算',
    says: [
      '由运营方自己的机器（我们叫它“锚机”），也由在场的人用借出的核心来算。无论是谁，都只拿到要重算的单元，拿不到别人交的答案；算完之后才把两个放在一起比。轮到谁由骰子定：先在在场的网络里抽一个，再在这个网络里抽一个人；与作者同一网络、同一账户的绝不会抽到，也没有人能自己要来做。核对和干活一样有积分；核对错了，也和交错答案一样处理。',
      '暗中抽出的四分之一抽查只归锚机；刚来的人、没干多少就走的人、查出过错误的机器，他们的抽查也全归锚机。志愿者核对后说“没错”的，每 32 份里还有 1 份由锚机再算一遍：替谎话作保，赔上的是自己的密钥。在场的网络太少时，全部抽查都由锚机来做；眼下是哪一种，下面写着。',
      `如果一块等第二个人等了${zh.span(anchorAfterMs)}，而在场的人谁也不能当这第二个人，锚机也会来补位。它自己算过的，当场最终确认。它和大家拿一样的积分，但不进“出过力的人”的名单。`,
    ],
    shows: '抽中的单元交给锚机，或者交给一位邻居；别人交的答案（虚线框里）绕开他们走，到最后才放在一起比。',
  }),
  policies: {
    heading: '委托人可以怎么选',
    lede: '提交任务时定下，之后不能改，人人看得到。价钱是指每一份活连同核对总共要付多少；可能有多少错，要看这里全部算力中有多大比例怀着恶意、串通一气。',
    name: (kind, people) =>
      ({
        none: '不核对',
        certify: '写出的逐项验证',
        audit: '抽查',
        adaptive: '抽查，新来的另请一人同算',
        replicate: people === 1 ? '一人来算' : people === 2 ? '两人同算' : `${zh.whole(people)} 人同算`,
      })[kind],
    says: (kind, rules) => policySays[kind](rules),
    price: '价钱',
    priceFlat: (price) => (price === '1' ? '只付活本身的价钱。' : `活本身的 ${price} 倍。`),
    priceBy: (price, stayMs) => `待${zh.span(stayMs)}：${price} 倍`,
    priceNote: (unitMs, { windowUnits, leaverUnits }) =>
      `按一个参考核心、每单元 ${zh.whole(unitMs)} 毫秒、大任务的数目（${zh.whole(windowUnits)} 和 ${zh.whole(leaverUnits)} 个抽中单元）估算。待得越久越便宜，因为人走的时候都要再查一遍。`,
    open: '可能有错',
    openAll: '说谎的交什么就是什么，没有什么能发现。',
    openLeftOut: '写出的不会有错，无论恶意占多少。连没写出的一起算：',
    openUnits: (hostile, oneIn) => `恶意占 ${hostile}：最终确认的单元每 ${oneIn} 个至多错 1 个`,
    openChunks: (hostile, share) => `恶意占 ${hostile}：约有 ${share} 的块出错`,
    openChunksNote:
      '按作恶的都撒同一个谎、块全凭运气分派来算。这不是上限：同伙两人若拿到同一块，就会被采信。',
  },
  now: {
    heading: '这个协调端，此刻',
    lede: '抽查、机器和付款从有日志起累计，只算要抽查的任务。',
    asking: '正在询问协调端。',
    audits: '抽查',
    auditsMade: (audits, units, mismatches) =>
      `${zh.whole(audits)} 次，${zh.whole(units)} 个单元，${mismatches === 0 ? '没有查出错误' : `${zh.whole(mismatches)} 次查出错误`}`,
    byPeople: (audits, isShared, isAnchored) =>
      `其中志愿者做了 ${zh.whole(audits)} 次；眼下${
        isShared
          ? isAnchored
            ? '由运营方的机器和志愿者分担'
            : '由志愿者做他们能做的那些'
          : `${isAnchored ? '全由运营方的机器来做' : '没有人在做'}：在场的不同网络太少，还不能互相核对`
      }`,
    noAnchor:
      '眼下没有运营方的机器在抽查。只有它们能查的部分要等它们来，在那之前只是暂时算数；不会因此丢掉什么，也不会冤枉谁。',
    waiting: (audits, sinceMs) =>
      audits === 0 ? '没有在排队的' : `还有 ${zh.whole(audits)} 次在排队，最久的等了${zh.span(sinceMs)}`,
    wrong: '随后',
    wrongDone: (voided, suspended, banned) =>
      `${zh.whole(voided)} 块作废重派，停用机器 ${zh.whole(suspended)} 次，禁用 ${zh.whole(banned)} 次`,
    machines: '机器',
    tiers: (tiers, oneIn) =>
      `查得紧的 ${zh.whole(tiers[0] + tiers[1])} 台（每 ${zh.whole(oneIn[1])} 个单元抽 1 个，其中 ${zh.whole(tiers[0])} 台刚来），有来历的 ${zh.whole(tiers[2])} 台（每 ${zh.whole(oneIn[2])} 个抽 1 个）`,
    away: (suspended, banned) => `现在停用 ${zh.whole(suspended)} 台，禁用 ${zh.whole(banned)} 台`,
    paid: '付出的积分',
    paidFor: (paid, second, audits, rechecks, copies) =>
      `干活 ${paid}，另请一人同算的 ${zh.whole(copies)} 块 ${second}，抽查 ${audits}；运营方为复查抽查者、用两个引擎裁定分歧付出 ${rechecks}`,
    redundancy: (ratio) => `合计是活本身的 ${ratio} 倍`,
    unpaid: '要抽查的任务还没有付过积分。',
    chunks: '开放任务的块',
    chunksOpen: (provisional, final) =>
      `暂时算数 ${zh.whole(provisional)} 块，最终确认 ${zh.whole(final)} 块`,
    networks: '网络',
    nobody: '眼下没有人要活干。',
    here: (people, networks) =>
      `${zh.whole(people)} 人要活干，分布在 ${zh.whole(networks)} 个网络上（地址前 24 位，新式地址前 48 位相同，算一个网络）`,
    exempt: (people) => `其中 ${zh.whole(people)} 人在协调端自己的机器上，运营方允许那里每个浏览器算一个人`,
    largest: (share) => `最大的一个网络占 ${share}`,
    alarm:
      '在场的人一半以上在同一个网络上：可能是一所学校、一间办公室，也可能是一个人扮作许多人。这种时候，志愿者彼此一致能说明的就少了。',
    tooFew: (needed, places) =>
      `对要求最高的那件任务来说，不同的网络太少：一块要 ${zh.whole(needed)} 个人，而能算同一块的至多 ${zh.whole(places)} 人。运营方若开着锚机，由锚机补位；没有开，这些块就等着。`,
    providers: '网络运营商',
    noProviders: '这里不知道：运营方没有给出运营商的对照表，所以只按网络把人分开。',
    known: (people, providers) =>
      `知道 ${zh.whole(people)} 人的运营商，一共 ${zh.whole(providers)} 家；只数多少，从不记是哪一家`,
    placed: (needed, places) =>
      places
        ? `现在，同一家运营商已有人拿着的块，只要别家还有人能接，就不再给这家的别人；若有 ${zh.whole(needed)} 家运营商的人都能做某次抽查，也不交给作者那一家的人`
        : `同一家运营商的人可以算同一块，也可以互相抽查：只有 ${zh.whole(needed)} 家运营商的人都要同样的活时，才把他们分开`,
  },
  jobs: {
    heading: '开放的任务',
    none: '眼下没有开放的任务。',
    progress: (provisional, final, chunks) =>
      `共 ${zh.whole(chunks)} 块，最终确认 ${zh.whole(final)} 块${provisional === 0 ? '' : `，暂时算数 ${zh.whole(provisional)} 块`}`,
    terms: (windowUnits, leaverUnits) =>
      `同一台机器此后再有 ${zh.whole(windowUnits)} 个抽中单元没错，才最终确认；没等到就走的，查 ${zh.whole(leaverUnits)} 个或者全部。`,
    bound: (hostile, oneIn, wrong, units) =>
      `若全部算力有 ${hostile} 怀着恶意，最终确认的单元每 ${oneIn} 个至多错 1 个：它的 ${zh.whole(units)} 个单元，平均${wrong === 0 ? '错不到 1 个' : `至多错 ${zh.whole(wrong)} 个`}。`,
    boundNote: (anchors) =>
      `这些上限的前提是：${anchors} 的抽查由运营方自己的机器做，而且做得老实；其余的，只要落到恶意的人手里，就互相作保。说谎的人怎样串通、多有耐心，都不影响。`,
    voted: (quorum) =>
      quorum === 1
        ? '收到一份答案，就最终确认。'
        : `${zh.whole(quorum)} 个人的答案到齐而且相同，就最终确认。`,
    unchecked: '答案来了就用。',
    certified: '答案里写出的，逐项验证过才算数；之后没有人重算。',
    certifiedToo: '答案里写出的，逐项验证过才算数。',
  },
  assumed: {
    heading: '以上成立的前提',
    says: [
      '老实的机器算出的答案彼此相同，一位不差；显卡版程序的舍入若略有不同，也在公布的误差范围内。',
      '运营方的机器算得老实，它的骰子谁也猜不到。',
      '怀着恶意的算力不超过每条上限旁边写的比例。这些人可以全都串通，可以一直等，也可以换新密钥再来。',
    ],
  },
  limits: {
    heading: '有些事它做不到',
    says: ({ oneIn }) => [
      '它不核对运营方。一部分抽查由运营方自己的机器来做，在场的网络太少时全部由它来做；答案不一致时，也由它的两个引擎来定。在这里托付活计，就要在这一点上信得过运营方。收据、日志和见证人能说明付过什么、往事没有改写，说明不了某次抽查是不是老实做的。',
      `它不保证每个单元都对。上限是许多单元平均下来的；一台机器老实了很久，只错一个单元，要抽中才查得出来，机会是 ${zh.whole(oneIn[2])} 分之一。每个单元都错不得的任务，不该选抽查。`,
      '暂时算数不等于最终确认，这样的结果还可能收回。',
      '它不替结果保密。志愿者看得见自己算的东西；活最终确认之后人人可读的日志里，有每份输出的摘要：可能的输出若只有几种，看摘要就知道是哪一种。',
      '只要求两人同算时，两个网络上的两个人串通好，就能把一块蒙混过去。网络也不等于人：一个人可能有好几个网络，一所学校也可能只有一个。',
      '禁用的是密钥，不是人。换一把新密钥不花钱，不过要从头来过。',
      '已经最终确认的不再改动：后来才查出有人作假，他先前最终确认的既不收回，也不重算。',
      '来去匆匆的不会便宜。他们的活全部要查，委托人要付大约两倍的价钱；新来的人，积分也要等到那时。',
    ],
  },
  further: {
    heading: '自己看看',
    verify: '核对一张收据，不必问任何人',
    data: '用数据看这些数字',
  },
};
