/** What the list of those who helped says, in both languages: a page of its own, so that no other one waits for it. */
import type { Language } from '../consent.ts';
import { formatsFor } from '../format.ts';

export interface BoardWords {
  readonly title: string;
  readonly heading: string;
  readonly lede: string;
  readonly caption: (shown: number, accounts: number) => string;
  readonly rank: string;
  readonly who: string;
  readonly credit: string;
  readonly chunks: string;
  readonly units: string;
  readonly last: string;
  readonly asking: string;
  readonly empty: string;
  readonly emptyNote: string;
  readonly find: string;
  readonly finding: string;
  readonly jump: string;
  readonly notYet: string;
  readonly notListed: string;
  readonly yourRank: (rank: number, pending: string, verified: string) => string;
  readonly you: string;
  readonly name: string;
  readonly nameNote: string;
  readonly nameLabel: string;
  readonly nameSave: string;
  readonly nameDrop: string;
  readonly nameSaved: string;
  readonly nameDropped: string;
  readonly anchorNote: string;
  readonly rewards: string;
  readonly rowOf: (account: string) => string;
  readonly sites: string;
  readonly sitesNote: string;
  readonly site: string;
  readonly share: string;
  readonly namesNote: string;
}

const en = formatsFor('en');
const zh = formatsFor('zh-CN');
/** "1 account", "2 accounts". */
const some = (count: number, one: string): string => `${en.whole(count)} ${one}${count === 1 ? '' : 's'}`;

export const boardWords: Readonly<Record<Language, BoardWords>> = {
  en: {
    title: 'Who has helped · Talka',
    heading: 'Who has helped',
    lede: 'Everyone whose answers were accepted, by credit, with what is still pending. A name appears only where its owner set one; all others are known by their ornament.',
    caption: (shown, accounts) =>
      shown === accounts
        ? some(accounts, 'account')
        : `The first ${en.whole(shown)} of ${some(accounts, 'account')}`,
    rank: 'Rank',
    who: 'Who',
    credit: 'Credit',
    chunks: 'Chunks',
    units: 'Units',
    last: 'Last',
    asking: 'Fetching the list.',
    empty: 'Nobody yet.',
    emptyNote: 'The first accepted chunk begins this list. It can be yours.',
    find: 'Find me',
    finding: 'Looking in this browser',
    jump: 'Jump to me',
    notYet: 'This browser has no account yet. It gets one when you first press Start.',
    notListed: 'None of your chunks is accepted yet, so you are not in the list.',
    yourRank: (rank, pending, verified) =>
      `You are number ${en.whole(rank)}; ${verified} credits are verified and yours, ${pending} pending.`,
    you: 'you',
    name: 'Your name here',
    nameNote: 'Everybody will be able to read it. Leave it out and only your ornament is shown.',
    nameLabel: 'Name, at most 40 characters',
    nameSave: 'Show this name',
    nameDrop: 'Show no name',
    nameSaved: 'The name is shown.',
    nameDropped: 'The name is gone from this list.',
    namesNote:
      'Names are chosen freely, and two may be alike; only the ornament comes from the account itself.',
    anchorNote: 'The operator’s own machines are not in this list.',
    rewards: 'What credit comes to',
    rowOf: (account) => `Epochs of the account ${account}`,
    sites: 'By the sites that brought people',
    sitesNote: 'What was computed on the pages of partners, of all credit that has become final.',
    site: 'Site',
    share: 'Share',
  },
  zh: {
    title: '出过力的人 · Talka',
    heading: '出过力的人',
    lede: '答案通过了的人都在这里，按积分排列，待定的也算在内。名字只有本人设置了才显示，其余的人看纹样认。',
    caption: (shown, accounts) =>
      shown === accounts
        ? `共 ${zh.whole(accounts)} 个账户`
        : `共 ${zh.whole(accounts)} 个账户，这里是前 ${zh.whole(shown)} 个`,
    rank: '名次',
    who: '是谁',
    credit: '积分',
    chunks: '块',
    units: '单元',
    last: '最近',
    asking: '正在取名单。',
    empty: '还没有人。',
    emptyNote: '第一块通过时，名单就开始了。那一块可以是你的。',
    find: '找到我',
    finding: '正在这个浏览器里找',
    jump: '跳到我',
    notYet: '这个浏览器还没有账户。第一次点“开始”时才会有。',
    notListed: '你还没有通过的块，所以不在名单里。',
    yourRank: (rank, pending, verified) =>
      `你排第 ${zh.whole(rank)}；积分中 ${verified} 已确认、归你，${pending} 待定。`,
    you: '你',
    name: '你在这里的名字',
    nameNote: '写了，人人都看得到；不写，就只显示纹样。',
    nameLabel: '名字，最多 40 个字符',
    nameSave: '显示这个名字',
    nameDrop: '不显示名字',
    nameSaved: '名字已显示。',
    nameDropped: '名字已从名单里去掉。',
    namesNote: '名字可以随便取，也可能重名；只有纹样是由账户本身织出来的。',
    anchorNote: '运营方自己的机器不在名单里。',
    rewards: '积分的去处',
    rowOf: (account) => `账户 ${account} 的各期`,
    sites: '由哪些网站带来',
    sitesNote: '在合作网站的页面上算出的，占全部已确认积分的多少。',
    site: '网站',
    share: '占比',
  },
};
