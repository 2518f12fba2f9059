/** What a person agrees to by pressing Start, word for word: its digest goes into the signed consent record. */

/** Languages in which the pages are written. */
export type Language = 'en' | 'zh';

const texts: Readonly<Record<Language, string>> = {
  en:
    'By pressing Start I let this page compute parts of the jobs that this coordinator has open, and check parts that ' +
    'others computed, with the cores and the graphics processor chosen here, until I pause, finish or close the page.\n\nFrom then on this browser ' +
    'keeps a device key, results on their way, and which programs it was found to compute right. The coordinator receives my public key and my results, learns ' +
    'how many cores there are and whether there is a graphics processor, how fast they are and when work is done, ' +
    'and sees my network address. My account’s number and credit are public, and so, with my public key, is this ' +
    'browser’s signature now and then that it saw the coordinator’s log; a name only if I set one. Account, device ' +
    'key, what was computed, when and how fast, and who shares a network with whom stay in the coordinator’s log for ever, ' +
    'which everybody may read; without name or address.\n\n' +
    '“Forget me” erases what this browser stored and the name, not those. I can stop at any time; this agreement ' +
    'lasts 30 days.',
  zh:
    '点击“开始”，即表示我同意：本页面用我在此选定的处理器核心和显卡，计算这个协调端所开放任务的一部分，核对别人算出的部分，' +
    '直到我暂停、收尾或关闭页面。\n\n此后，浏览器会保存一把设备密钥、尚未送达的结果，以及哪些程序在这里试算无误；协调端会收到我的公钥和计算结果，' +
    '得知有几个核心、有没有显卡、速度多快、何时在计算，并能看到我的网络地址。我的账户编号和积分是公开的；' +
    '本浏览器会不时签名，证明看过协调端的日志，这份签名连同我的公钥也是公开的；名字只有我自己设置后才会显示。' +
    '账户、设备密钥、何时算了什么、有多快、谁与谁在同一网络，会永远留在协调端的日志里，人人可读，但不带名字和地址。\n\n' +
    '“忘掉我”会抹去浏览器所存的一切和名字，抹不去这些。我可以随时停下；本约定 30 天内有效。',
};

/** Every language's consent text. */
export const consentTexts: readonly string[] = Object.values(texts);

/** The consent text of a language, exactly as it is shown and hashed. */
export function consentText(language: Language): string {
  return texts[language];
}
