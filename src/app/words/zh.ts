/** Everything the pages say, in Simplified Chinese: written for its readers, not translated. */
import { formatsFor } from '../format.ts';
import type { Words } from './words.ts';

const f = formatsFor('zh-CN');

export const words: Words = {
  language: 'zh',
  f,
  states: {
    free: '待领取',
    leased: '计算中',
    committed: '已提交',
    accepted: '已通过',
    final: '已确认',
    void: '作废',
  },
  page: {
    title: 'Talka：借出电脑，合力干一件大活',
    skip: '跳到正文',
    pages: '页面',
    contribute: '借出电脑',
    leaderboard: '出过力的人',
    checks: '核对答案的办法',
    languages: '语言',
    heading: '借出你的电脑，合力干一件大活。',
    lede: '谁家有了大活，左邻右舍都来搭把手，一天干完，这样的日子叫 talka。如今大家在浏览器里碰头。',
    creditNote: '1 积分等于参考核心干 1 秒的活。积分不能买卖。',
  },
  cloth: {
    label: (title) => `《${title}》这匹布。`,
    summary: (final, committed, leased, free) =>
      `已确认 ${f.whole(final)} 块，已提交 ${f.whole(committed)} 块，计算中 ${f.whole(leased)} 块，待领取 ${f.whole(free)} 块。`,
    bare: '只有经线：织机上还没有活。',
    table: '用表格看这匹布',
    caption: '这件任务各状态的块数',
    state: '状态',
    chunks: '块数',
    share: '占比',
    closer: '凑近看',
    keep: '把布存下来（PNG）',
    picture: (title) => `《${title}》：目前已通过的部分，暂时算数的也在内。`,
  },
  job: {
    now: '现在织的是',
    asking: '正在询问协调端有哪些任务。',
    requester: (name) => `（委托人：${name}）`,
    itself: '协调端自己',
    demonstration: '这是演示：答案事先就知道，试的是大家怎样一起干活。',
    verified: (policy, people, audited) =>
      audited
        ? `${policy === 'certify' ? '答案里写出的，逐项验证过才算数。' : ''}答案先暂时算数。其中一小部分会被暗中抽出，由运营方的机器或这里的其他人重算；只要有一处不对，作者尚未定案的部分就全部由别人重算。${policy === 'adaptive' ? '新来的人算的块，另有一个人也算一遍。' : ''}`
        : policy === 'certify'
          ? '答案里写出的，逐项验证过才算数；没写出的，没人核对。'
          : people === 1
            ? '每一块收到一份答案即算数，不再核对。'
            : `每一块要有 ${people} 个不同的人交出相同的答案，才算数。`,
    tolerance: (audited) =>
      audited
        ? '显卡的舍入略有不同：它的答案中由处理器重算的部分，必须在公布的误差范围内相符。'
        : '显卡的舍入略有不同：它的答案必须在公布的误差范围内，与处理器算出的答案相符。',
    progress: (final, accepted, chunks) =>
      accepted === 0
        ? `完成 ${f.share(final, chunks)}：${f.whole(chunks)} 块中已确认 ${f.whole(final)} 块`
        : `完成 ${f.share(final + accepted, chunks)}：${f.whole(chunks)} 块中算完 ${f.whole(final + accepted)} 块，其中已确认 ${f.whole(final)} 块`,
    eta: (ms) => `预计还要 ${f.span(ms)}（估计）`,
    settled: (byPeople, withAnchor) =>
      withAnchor === 0
        ? `到目前为止，${f.whole(byPeople)} 块全部由志愿者互相核对。`
        : `到目前为止，${f.whole(byPeople)} 块由志愿者互相核对，${f.whole(withAnchor)} 块由运营方的“锚机”参与核对——缺第二个人时，它才出来补位。`,
    computedBy: (byPeople, withAnchor) =>
      withAnchor === 0
        ? `到目前为止，${f.whole(byPeople)} 块全部由志愿者算出，没有一块出自运营方的“锚机”。`
        : `到目前为止，${f.whole(byPeople)} 块由志愿者算出，${f.whole(withAnchor)} 块由运营方的“锚机”算出——缺人时，它才出来补位。`,
    disputes: (count) =>
      `有 ${f.whole(count)} 块的答案出现过分歧，由另一个人或运营方自己的机器再算一遍，才定下来。`,
    disproved: (count) => `有 ${f.whole(count)} 次发现答案不对；它和受它牵连的部分都已重算。`,
    kernel: (id) => `程序：${id}`,
    paused: '运营方已暂停这件任务的程序。',
    range: (exponent, bitFrom, bitTo) =>
      `在 2^${bitFrom} 到 2^${bitTo} 之间，寻找 2^${exponent} − 1（一个 ${f.whole(Math.ceil(exponent * Math.log10(2)))} 位数）的因数。`,
    rangeAbout: '布的左上角是最小的候选数，右下角是最大的。',
    also: '还有这些任务',
    show: '换到织机上看',
    none: '眼下没有开放的任务。',
    noneNote: '也可以先点“开始”：页面会等着，什么都不算，等这里有了任务再动手。',
    more: '答案是怎样核对的',
  },
  done: {
    heading: '近来织完',
    finished: (at, tookMs) => `${f.moment(at)} 完成，历时 ${f.span(tookMs)}。`,
    cancelled: (at) => `${f.moment(at)} 取消。`,
    picture: '完整的图（PNG）',
    report: '找到了什么',
    reading: '正在取报告。',
    unreadable: '报告没有取到。任务本身完好；重新展开即可再试。',
    audited: (chunks, withAnchor) =>
      `已确认 ${f.whole(chunks)} 块，${withAnchor === 0 ? '全部由志愿者算出' : `其中 ${f.whole(withAnchor)} 块由运营方的“锚”算出`}：暗中抽取的部分都重算过。`,
    verifiedBy: (chunks, byPeople, withAnchor) =>
      withAnchor === 0
        ? `已确认 ${f.whole(chunks)} 块，全部由志愿者互相核对。`
        : `已确认 ${f.whole(chunks)} 块：${f.whole(byPeople)} 块由志愿者互相核对，${f.whole(withAnchor)} 块由运营方的锚机参与核对。`,
  },
  cost: {
    line: (cores, max, low, high, gpu) =>
      `点“开始”，就会用上 ${f.whole(max)} 个核心中的 ${f.whole(cores)} 个${gpu ? '和显卡' : ''}，直到你停下或关掉网页；${gpu ? '单是核心就' : ''}估计多耗 ${f.whole(low)}～${f.whole(high)} W。在此之前，什么都不存、不测、不算。`,
    heading: '要用到你电脑的什么',
    cores: '处理器',
    coresValue: (cores, max) => `${f.whole(max)} 个核心中的 ${f.whole(cores)} 个`,
    fewer: '少用一个核心',
    more: '多用一个核心',
    gpu: '显卡',
    gpuAfter: '点“开始”后先做测试，通过才用',
    gpuNo: '不用',
    gpuInsecure: '用不了：浏览器只把它交给安全（https）页面',
    gpuAbsent: '用不了：这个浏览器没有 WebGPU，全部由处理器来算',
    power: '耗电',
    powerValue: (low, high) => `大约多用 ${f.whole(low)}～${f.whole(high)} W`,
    powerNote: '这是估计：每个忙着的核心 3～10 W；网页量不到真实数值',
    powerGpu: '显卡忙起来另加 10～200 W',
    data: '流量',
    dataValue: (programBytes) => `程序 ${f.bytes(programBytes)}`,
    dataHour: (bytes) => `此后每小时上传结果至多约 ${f.bytes(bytes)}（估计）`,
    dataUnknown: '程序、任务的输入，以及陆续算出的结果',
    battery: '电池',
    batteryNote: 'Talka 不知道你有没有插电源。用电池时，电会掉得更快。',
    kept: '存在本机',
    keptNote: '点“开始”之前什么都不存。之后，浏览器里会有一把设备密钥和尚未送达的结果。',
  },
  start: {
    start: '开始',
    again: '再次开始',
    acceptRestore: '从留下的接着来',
    starting: '正在开始',
    waiting: '等协调端说清楚要算什么，就可以开始。',
    failed: '本页的程序没能载入。什么都没有存，也没有算。请检查网络，再点“开始”。',
    pause: '暂停',
    resume: '继续',
    finish: '收尾',
    finishing: '正在收尾',
    finishNote: '收尾：把手上的块算完，其余的交还，然后停下。',
    reload: '重新载入网页',
    forgotten: {
      yes: '本页存在这个浏览器里的一切都已删除，协调端也抹去了名字。它的日志还在。',
      here: '本页存在这个浏览器里的一切都已删除。协调端没能联系上：你设置过的名字和它对网络的记号还留在那里。',
    },
  },
  work: {
    heading: {
      idle: '尚未开始',
      starting: '正在准备',
      running: '正在干活',
      paused: '已暂停',
      finishing: '正在收尾',
      finished: '已收尾，谢谢你',
      stopped: '已停下',
    },
    waiting: '等着',
    running: (workers) =>
      workers === 0 ? '正等着下一块活。' : `这台电脑有 ${f.whole(workers)} 处正在计算。`,
    finishing: '正在算完手上的块，不再领新的。',
    plain: {
      'not-started': '你点“开始”之前，什么都不会运行。',
      'paused-by-you': '你按了暂停。现在什么都没在算；已经算出的结果都在。',
      'finished-by-you': '手上的块已经算完，其余的已交还，分给别人。',
      offline: '这台电脑没有联网。结果存在浏览器里，网络恢复后就送出。',
      delivering: '手上的都算完了。结果正等着协调端说一声“收到”。',
      'no-job-open': '眼下没有开放的任务。页面等着，一有任务就自己动手。',
      'waiting-for-others': '你这一份暂时干完了：剩下的块需要别人的答案。页面等着新的活。',
      'nothing-for-this-device': '开放的任务需要这台电脑没有的东西。页面先等着。',
      'kernel-paused': '运营方暂停了这个程序，放开之后会接着算。',
      suspended: '这台电脑有一个答案重算后对不上。老实的机器也会遇到这种事；何时可以重新开始，写在下面。',
      banned: '这台电脑错得太多，或者和另一台错得一模一样，这里不再给它派活。先前已确认的积分仍归你。',
      elsewhere:
        '这个浏览器的另一个标签页正在替这台设备计算，而同时只能有一个。请在那边停下，或点“继续”把活挪到这里。',
      'store-full': '协调端暂时存不下结果。你的结果先存在这里，稍后再送。',
      'log-shrunk':
        '协调端的日志比这个浏览器从前见过的短，说明那边少了记录，所以这里停了下来。尚未送达的结果和积分的收据都好好地存在这个浏览器里。请问一问运营方；等日志补全，再点“再次开始”。',
      'reload-needed': '协调端已换了新版本。算出的结果都在；请重新载入网页。',
    },
    preparing: {
      identity: '正在生成这台设备的密钥。',
      connecting: '正在和协调端打招呼。',
      fetching: '正在取程序和任务的输入。',
      starting: '正在启动这台电脑上的工作线程。',
      testing: '正在用已知答案检验这台电脑。',
      loading: '正在把下一块交给工作线程。',
      asking: '正在向协调端要下一块。',
    },
    unreachable: '协调端没有回应。已经算出的结果都存在这个浏览器里。',
    restored: (at, kept, remembered) =>
      `运营方用备份恢复了协调端，并在${f.moment(at)}签名说明了这件事。这个浏览器记得它的日志有${f.whole(remembered)}条，现在那边留下${f.whole(kept)}条：之后记下的活和积分，那边已经没有了。这个浏览器里的收据都还在，写着当时答应过什么；怎么处理，请问运营方。如果接着来，这个浏览器会把前后两份日志都记下，以后只认从留下的部分长出来的日志。`,
    retry: (seconds) => `${f.seconds(seconds)}后再试。`,
    retrying: '正在重试。',
    detail: (detail) => `机器的原话：${detail}`,
    noWorker: (detail) => `这台电脑没有一处通过检验，所以不在这里计算：${detail}。换用较新的浏览器也许就行。`,
    restarting: (detail) => `这台电脑的工作线程自己停了（${detail}），会重新启动。`,
    machine: '这台电脑',
    core: (number) => `核心 ${f.whole(number)}`,
    gpu: '显卡',
    workerStates: {
      loading: '正在载入程序',
      testing: '正在用已知答案自检',
      waiting: '等活',
      computing: '正在算',
      paused: '歇着',
      lost: '没有回应，手上的块已交还',
    },
    chunk: (chunk, title) => `第 ${f.whole(chunk)} 块${title === '' ? '' : `（${title}）`}`,
    units: (done, total) => `${f.whole(total)} 单元中的 ${f.whole(done)} 个`,
    thread: (name) => `${name}：这一块的进度`,
    connection: {
      none: '没有连接',
      connecting: '正在连接',
      open: '已连上协调端',
      waiting: '连接断了，稍后再试',
    },
    outbox: (count) => `${f.whole(count)} 份结果在路上`,
    spoken: (chunks, final) => `已算 ${f.whole(chunks)} 块，已确认 ${f.whole(final)} 块。`,
  },
  here: {
    nobody: '此刻没有人在计算。',
    line: (people, devices, rate) =>
      `此刻在场：${f.whole(people)} 人、${f.whole(devices)} 台设备，速度合计是参考核心的 ${rate} 倍（自报）。`,
    link: {
      asking: '正在询问协调端。',
      live: '实时更新。',
      polling: '每隔几秒更新。',
      unreachable: '协调端没有回应。',
    },
    unreachable: '协调端没有回应。',
    unreachableNote: '网页本身是完整的，只是说不出要算什么，所以“开始”先等着。什么都没有存。',
    loopback:
      '这个协调端把本机上的不同浏览器当作不同的人，方便一个人把流程试全。在别处，同一网络只算一个人。',
    insecure:
      '本页经由普通 http 送达：没有谁能担保它途中没被改过，浏览器不把显卡交给它，存在这里的设备密钥也能被读出。',
    storeFaults: {
      full: '协调端的磁盘满了，暂时收不下新的结果。什么都没有丢：结果在这个浏览器里等它腾出地方。',
      busy: '协调端的存储正忙，新的结果先在这个浏览器里等着。什么都没有丢，过会儿自己会继续。',
      'read-only':
        '协调端的存储只能读、不能写，收不下新的结果。什么都没有丢，结果在这个浏览器里等着，要由运营方处理。',
      io: '协调端写不进自己的存储，收不下新的结果。什么都没有丢，结果在这个浏览器里等着，要由运营方处理。',
      closed: '协调端正在停机，不收新的结果。什么都没有丢：结果在这个浏览器里等它回来。',
    },
    coordinator: (name, version) => `协调端：${name}（版本 ${version}）`,
    log: (records, witnesses) =>
      `日志共 ${f.whole(records)} 条，过去一小时${
        witnesses === 0
          ? '没有见证人看过'
          : `有 ${f.whole(witnesses)} 位见证人看过（按不同的密钥计；密钥来得容易，所以是旁证，不是证明）`
      }`,
  },
};
