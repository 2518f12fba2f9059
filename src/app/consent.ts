/** What a person agrees to by pressing Start, word for word: its digest goes into the signed consent record. */

/** Languages in which the pages are written. */
export type Language = 'en' | 'zh';

const texts: Readonly<Record<Language, string>> = {
  en:
    'By pressing Start I let this page compute parts of the jobs that this coordinator has open, with the cores ' +
    'and the graphics processor chosen here, until I pause, finish or close the page. From then on this browser ' +
    'keeps a device key and results on their way. The coordinator receives my public key, my results, the number ' +
    'of cores and the measured speed, and sees my network address. My account’s number and credit are public; a ' +
    'name only if I set one. This agreement lasts 30 days. I can stop at any time and have this device forget ' +
    'all of it.',
  zh:
    '点击“开始”，即表示我同意：本页面用我在此选定的处理器核心和显卡，计算这个协调端所开放任务的一部分，' +
    '直到我暂停、收尾或关闭页面。此后，浏览器会保存一把设备密钥和尚未送达的结果；协调端会收到我的公钥、' +
    '计算结果、核心数量和实测速度，并能看到我的网络地址。我的账户编号和积分是公开的；名字只有我自己设置后才会显示。' +
    '本约定 30 天内有效。我可以随时停下，并让这台设备忘掉这一切。',
};

/** The consent text of a language, exactly as it is shown and hashed. */
export function consentText(language: Language): string {
  return texts[language];
}
