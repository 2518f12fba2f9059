/** Sees to the programs that tests call: real browsers, a C compiler, PARI. Installs them where that is allowed. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Each program by the names it goes by, with the Debian packages that bring it. */
const programs = [
  {
    what: 'Chromium',
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    variable: 'CHROMIUM_PATH',
    packages: ['chromium'],
  },
  { what: 'Firefox', names: ['firefox-esr', 'firefox'], variable: 'FIREFOX_PATH', packages: ['firefox-esr'] },
  {
    what: 'WebKitGTK',
    names: ['WebKitWebDriver'],
    variable: 'WEBKIT_DRIVER_PATH',
    packages: ['webkit2gtk-driver'],
  },
  { what: 'Xvfb (a screen for WebKitGTK)', names: ['Xvfb'], variable: 'XVFB_PATH', packages: ['xvfb'] },
  {
    what: 'clang (bit-for-bit comparisons with C)',
    names: ['clang-19', 'clang'],
    packages: ['clang-19', 'lld-19'],
  },
  { what: 'PARI/GP (checks number vectors)', names: ['gp'], packages: ['pari-gp'] },
  { what: 'openssl (certificates that an operator brings)', names: ['openssl'], packages: ['openssl'] },
];

/** What is missing here, in words; tests that need it skip themselves by name. */
export function programsMissing() {
  return programs.filter((program) => !isHere(program)).map((program) => program.what);
}

/**
 * Installs what is missing, of all programs or of those named (`what`), when this is a Debian-like system, run by root, with
 * apt-get. Set `TALKA_NO_APT` to not.
 */
export function installPrograms(whats = programs.map(({ what }) => what)) {
  const missing = programs.filter((program) => whats.includes(program.what) && !isHere(program));
  if (missing.length === 0 || !mayInstall()) return;
  const packages = missing.flatMap((program) => program.packages);
  process.stdout.write(`installing ${packages.join(' ')}\n`);
  apt(['update']);
  // One package that a distribution lacks must not keep the others away.
  if (!apt(['install', ...packages])) for (const name of packages) apt(['install', name]);
}

function mayInstall() {
  const isDebianLike = process.platform === 'linux' && existsSync('/etc/debian_version') && onPath('apt-get');
  return isDebianLike && process.getuid?.() === 0 && !process.env.TALKA_NO_APT;
}

function apt(words) {
  const args = ['-y', '-q', '--no-install-recommends', ...words];
  const done = spawnSync('apt-get', args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (done.status !== 0)
    process.stdout.write(`apt-get ${words.join(' ')} failed:\n${lastLines(done.stdout + done.stderr)}\n`);
  return done.status === 0;
}

function lastLines(text) {
  return text.trim().split('\n').slice(-5).join('\n');
}

function isHere(program) {
  const told = program.variable === undefined ? undefined : process.env[program.variable];
  return (told !== undefined && existsSync(told)) || program.names.some(onPath);
}

function onPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
