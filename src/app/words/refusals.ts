/**
 * Why this device and a coordinator do not go on together, or a name is not taken: what happened, what is safe, what
 * to do. Loaded when somebody may have to read it, not before Start.
 */
import type { RefusedCode } from '../../volunteer/store.ts';
import type { Language } from '../consent.ts';

/** How an HTTP refusal of a name or an erasure is told apart; `other` stands for every further one. */
export const nameRefusals = [
  'signature',
  'malformed',
  'unknown-account',
  'store',
  'no-account',
  'other',
] as const;
export type NameRefusal = (typeof nameRefusals)[number];

export interface RefusalWords {
  readonly refused: Readonly<Record<RefusedCode, string>>;
  readonly name: Readonly<Record<NameRefusal, string>>;
}

const kept = {
  en: 'Results already made are safe in this browser.',
  zh: '已经算出的结果都好好地存在这个浏览器里。',
} as const;

export const refusalWords: Readonly<Record<Language, RefusalWords>> = {
  en: {
    refused: {
      protocol: `The coordinator speaks another version than this page. ${kept.en} Reload the page to go on.`,
      origin: `The coordinator does not know this page’s address as its own, so it gives no work here. ${kept.en} Open the page at the coordinator’s own address, or ask its operator.`,
      consent: `The coordinator no longer takes the agreement that was given here: it may be older than 30 days, or this machine’s clock may be wrong. ${kept.en} Check the clock, then press Start again to agree anew.`,
      site: `The site that brought you here is not known to the coordinator, is suspended, or names another page as its own, so it gives no work here. ${kept.en} Open the coordinator’s own page to go on.`,
      signature: `The coordinator could not verify this device’s signature, so it gives no work. ${kept.en} Reload the page; if that does not help, “Forget me” makes room for a new key.`,
      elsewhere:
        'Another tab of this browser is computing for this device, and only one may. Nothing is lost. Stop it there, or press Continue to move the work here.',
      limits: `This page said more than the coordinator listens to, several times. ${kept.en} Wait a few minutes, then press Start again.`,
      malformed: `The coordinator could not read what this page sent; one of the two may be of another version. ${kept.en} Reload the page; if it happens again, please tell the operator.`,
      slow: `The connection was too slow for what the coordinator had to say, several times. ${kept.en} Try again on a better network, or with fewer cores.`,
      'shutting-down': `The coordinator is being stopped or restarted. ${kept.en} Press Start again in a minute.`,
      store: `The coordinator cannot store results at the moment. ${kept.en} Press Start again later.`,
      internal: `Something went wrong at the coordinator itself, and it has hung up. ${kept.en} Press Start again in a minute; if it happens again, please tell the operator.`,
      suspended: `The coordinator has suspended this device for some minutes, because messages came from it that an honest program does not send. ${kept.en} Reload the page and try again later; if it happens again, please ask the operator.`,
      'log-rewritten':
        'The coordinator’s log is not the one that this browser saw before: an earlier record has changed, so this browser has stopped. Results on their way and receipts for your credit are safe here. Please tell the operator, and do not let this browser forget them until it is explained.',
      'receipt-forged':
        'The coordinator sent a receipt that does not fit what it has signed, so this browser has stopped. Earlier receipts, and results on their way, are safe here. Please tell the operator, and press Start again only once it is explained.',
      storage:
        'This browser did not let the page keep a device key and results, so nothing was computed and nothing is lost. Allow this page to store data, make room, or close older tabs of it; then press Start again.',
      ask: `The coordinator gives this device no work at the moment. ${kept.en} There is nothing to do: the page asks again by itself.`,
    },
    name: {
      signature:
        'The coordinator could not verify the request. Nothing has changed. Check this machine’s clock, reload the page, and try once more.',
      malformed:
        'That name cannot be shown: it takes letters, figures and simple signs, at most 40. Nothing has changed. Try another one.',
      'unknown-account':
        'The coordinator does not know this account yet. Nothing has changed. Compute a chunk first, then set the name.',
      store:
        'The coordinator cannot store anything at the moment. Nothing has changed. Try again in a few minutes.',
      'no-account':
        'This browser has no account any more; perhaps it was forgotten in another tab. Nothing has changed. Press Start on the first page to get one.',
      other:
        'The coordinator did not take it, or could not be reached. Nothing has changed. Try again in a few minutes.',
    },
  },
  zh: {
    refused: {
      protocol: `协调端和这个页面的版本不同。${kept.zh}请重新载入网页，接着算。`,
      origin: `协调端不认这个页面的地址，所以不在这里派活。${kept.zh}请用协调端自己的地址打开，或问一问运营方。`,
      consent: `协调端不再接受在这里给出的同意：可能已过 30 天，也可能是这台电脑的时钟不准。${kept.zh}请核对时钟，再点“再次开始”重新同意。`,
      site: `带你来的网站，协调端不认识、已经停用，或它登记的不是这个页面，所以这里不派活。${kept.zh}要接着算，请打开协调端自己的页面。`,
      signature: `协调端没能验证这台设备的签名，所以不派活。${kept.zh}请重新载入网页；若还是不行，点“忘掉我”就能换一把新密钥。`,
      elsewhere:
        '这个浏览器的另一个标签页正在替这台设备计算，而同时只能有一个。什么都没有丢。请在那边停下，或点“继续”把活挪到这里。',
      limits: `这个页面说得太多，好几次超出了协调端肯听的量。${kept.zh}请等几分钟，再点“再次开始”。`,
      malformed: `协调端看不懂这个页面发去的内容，多半是两边版本不同。${kept.zh}请重新载入网页；若又发生，请告诉运营方。`,
      slow: `网络太慢，协调端的话好几次送不过来。${kept.zh}请换个好些的网络，或少用几个核心再试。`,
      'shutting-down': `协调端正在停机或重启。${kept.zh}请过一分钟再点“再次开始”。`,
      store: `协调端暂时存不下结果。${kept.zh}请稍后再点“再次开始”。`,
      internal: `协调端自己出了毛病，断开了连接。${kept.zh}请过一分钟再点“再次开始”；若又发生，请告诉运营方。`,
      suspended: `协调端把这台设备停用几分钟，因为收到了老实的程序不会发的消息。${kept.zh}请重新载入网页，过一会儿再试；若又发生，请问一问运营方。`,
      'log-rewritten':
        '协调端的日志和这个浏览器从前见过的对不上：早先的一条记录变了，所以这里停了下来。尚未送达的结果和积分的收据都好好地存在这里。请告诉运营方；弄清楚之前，别让浏览器忘掉它们。',
      'receipt-forged':
        '协调端发来一张与它的签名对不上的收据，所以这里停了下来。从前的收据和尚未送达的结果都好好地存在这里。请告诉运营方，弄清楚之后再点“再次开始”。',
      storage:
        '浏览器不让本页保存设备密钥和结果。什么都没算，也什么都没丢。请允许本页存储数据，腾出空间，或关掉本页的旧标签页，再点“再次开始”。',
      ask: `协调端眼下不给这台设备派活。${kept.zh}不用做什么，页面会自己再问。`,
    },
    name: {
      signature: '协调端没能验证这个请求。什么都没有变。请核对这台电脑的时钟，重新载入网页再试。',
      malformed: '这个名字显示不了：只能用文字、数字和简单的符号，最多 40 个。什么都没有变。请换一个试试。',
      'unknown-account': '协调端还不认识这个账户。什么都没有变。请先算好一块，再来设置名字。',
      store: '协调端暂时什么都存不下。什么都没有变。请过几分钟再试。',
      'no-account':
        '这个浏览器已经没有账户了，也许是在别的标签页里忘掉的。什么都没有变。到首页点“开始”就会有。',
      other: '协调端没有接受，或没能联系上。什么都没有变。请过几分钟再试。',
    },
  },
};

/** Which of them an HTTP refusal is. */
export function nameRefusalOf(refused: string): NameRefusal {
  return nameRefusals.find((known) => known === refused) ?? 'other';
}
