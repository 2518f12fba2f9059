/**
 * The credit certificate: a claim as a picture that carries its own proof [EP6]. Drawn the same, to the letter, for the same claim
 * and language wherever it is drawn; so it is checked by drawing it again. No script, no link, nothing from elsewhere.
 */
import type { Language } from '../consent.ts';
import { ornamentOf, pathOf } from '../ornament.ts';
import type { Dye } from '../ornament.ts';
import { examineClaim } from '../../volunteer/epoch-check.ts';
import type { ClaimVerdict } from '../../volunteer/epoch-check.ts';
import type { Claim } from '../../wire/epochs.ts';
import { utcOf } from './catalogue.ts';

/** Its own words: they are part of what is checked, and never change for this form. */
const said = {
  en: {
    title: 'Certificate of computing',
    account: 'The account',
    credit: (credit: string) => `has computed ${credit} credits of verified work`,
    period: (from: string, to: string) => `between ${from} and ${to}`,
    amount: (amount: string, budget: string, number: number) =>
      `In epoch ${number} that came to ${amount} of a budget of ${budget}.`,
    note: 'One credit is one second of the reference core. This is no token, and no promise of one.',
    root: 'Root of the list',
    key: 'Signed by',
    signature: 'Signature',
    check: 'To check it, drop this file on the reward page of any Talka coordinator.',
  },
  zh: {
    title: '计算证书',
    account: '账户',
    credit: (credit: string) => `算出了经过确认的 ${credit} 积分`,
    period: (from: string, to: string) => `时间在 ${from} 至 ${to}`,
    amount: (amount: string, budget: string, number: number) =>
      `在第 ${number} 期，合 ${amount}，总额 ${budget}。`,
    note: '一积分是参考核心计算一秒。它不是代币，也不承诺将来会有。',
    root: '名单的树根',
    key: '签名者',
    signature: '签名',
    check: '要查验，请把这个文件拖到任何一个 Talka 协调端的积分页上。',
  },
} as const;

const [width, height] = [1120, 800];
const ground: Readonly<Record<Dye, string>> = {
  madder: '#a4352a',
  woad: '#2d5a87',
  moss: '#556a2c',
  walnut: '#6e4c30',
  weld: '#9a7410',
};

/** Exactly, to the last microcredit, without the ways of any place. */
function creditsOf(micro: string): string {
  const text = micro.padStart(7, '0');
  return `${text.slice(0, -6)}.${text.slice(-6)}`;
}

/** Draws it. The claim need not hold: whoever checks looks at that first. */
export function certificateOf(claim: Claim, language: Language): string {
  const w = said[language];
  const { epoch, row } = claim;
  const ornament = ornamentOf(row.account);
  const [first, second] = [pathOf(ornament, 1), pathOf(ornament, 2)];
  const [dye1, dye2] = ornament.dyes.map((dye) => ground[dye]);
  const woven = `<path fill="${dye1}" d="${first}"/><path fill="${dye2}" d="${second}"/>`;
  const kept = JSON.stringify({ language, claim }).replaceAll('&', '\\u0026').replaceAll('<', '\\u003c');
  const line = (y: number, size: number, text: string, more = ''): string =>
    `<text x="${width / 2}" y="${y}" font-size="${size}"${more}>${text}</text>`;
  const small = (y: number, name: string, text: string): string =>
    `<text x="${width / 2}" y="${y}" font-size="13" class="t">${name}  ${text}</text>`;
  const title = `${w.title}, ${row.account}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" lang="${language === 'zh' ? 'zh-Hans' : 'en'}">`,
    `<title>${title}</title>`,
    `<metadata>${kept}</metadata>`,
    `<style>text{font-family:'Iowan Old Style',Palatino,'Noto Serif',Georgia,'Noto Serif CJK SC',SimSun,serif;text-anchor:middle;fill:#26221b}.t{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#5d5445;white-space:pre}</style>`,
    `<defs><pattern id="w" x="16" y="16" width="64" height="64" patternUnits="userSpaceOnUse"><g transform="translate(3 3) scale(3.87)">${woven}</g></pattern></defs>`,
    `<rect width="${width}" height="${height}" fill="#faf6ec"/>`,
    `<path fill="url(#w)" fill-rule="evenodd" d="M16 16h1088v768h-1088zM80 80v640h960v-640z"/>`,
    `<path fill="none" stroke="#8b7c62" stroke-width="1.5" d="M80 80h960v640h-960z"/>`,
    `<g transform="translate(${width / 2 - 52} 104) scale(6.93)">${woven}</g>`,
    line(262, 40, w.title),
    line(312, 20, w.account),
    line(352, 30, row.account, ' class="t"'),
    line(398, 26, w.credit(creditsOf(row.creditMicro))),
    line(434, 18, w.period(utcOf(epoch.fromAt), utcOf(epoch.toAt))),
    line(482, 20, w.amount(creditsOf(row.amountMicro), creditsOf(epoch.budgetMicro), epoch.number)),
    line(514, 15, w.note),
    small(566, w.root, epoch.root),
    small(590, w.key, epoch.coordinator),
    small(614, w.signature, epoch.signature),
    line(670, 15, w.check),
    '</svg>',
    '',
  ].join('\n');
}

/** What came of checking one: the claim's own verdict, and whether the picture says what the claim does. */
export interface CertificateVerdict extends ClaimVerdict {
  readonly isDrawn: boolean;
}

/** Whether a text looks like one. */
export function isCertificate(text: string): boolean {
  return /^\s*<svg[\s>]/.test(text) && text.includes('<metadata>');
}

/** Checks a certificate without asking anybody. `coordinator`: whose key must have signed; null: whoever it names. */
export async function examineCertificate(
  text: string,
  coordinator: string | null,
): Promise<CertificateVerdict> {
  const [, kept = ''] = /<metadata>([^<]*)<\/metadata>/.exec(text) ?? [];
  let value: unknown = null;
  try {
    value = JSON.parse(kept);
  } catch {
    // Told below: what is in it is no claim.
  }
  const { language, claim } = (value ?? {}) as { language?: unknown; claim?: unknown };
  const verdict = await examineClaim(claim, coordinator);
  const isDrawn =
    verdict.claim !== null &&
    (language === 'en' || language === 'zh') &&
    // Some who pass files on change how lines end.
    text.replaceAll('\r\n', '\n').trim() === certificateOf(verdict.claim, language).trim();
  return { ...verdict, isDrawn };
}
