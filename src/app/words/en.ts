/** Everything the pages say, in English. */
import { formatsFor } from '../format.ts';
import type { Words } from './words.ts';

const f = formatsFor('en');
/** "1 chunk", "2 chunks". */
const some = (count: number, one: string, many = `${one}s`): string =>
  `${f.whole(count)} ${count === 1 ? one : many}`;

export const words: Words = {
  language: 'en',
  f,
  states: {
    free: 'waiting',
    leased: 'being computed',
    committed: 'returned',
    accepted: 'accepted',
    final: 'verified',
    void: 'void',
  },
  page: {
    title: 'Talka: lend your machine to one big job',
    skip: 'Skip to the content',
    pages: 'Pages',
    contribute: 'Lend a machine',
    leaderboard: 'Who has helped',
    checks: 'How results are checked',
    languages: 'Language',
    heading: 'Lend your machine to one big job.',
    lede: 'A talka is the day when neighbours come together to finish one household’s big job. Here they meet in the browser.',
    creditNote: 'One credit is one second of the reference core’s work. Credits cannot be bought or sold.',
  },
  cloth: {
    label: (title) => `The cloth of “${title}”.`,
    summary: (final, committed, leased, free) =>
      `${f.whole(final)} chunks verified, ${f.whole(committed)} returned, ${f.whole(leased)} being computed, ${f.whole(free)} waiting.`,
    bare: 'Bare warp: nothing is on the loom.',
    table: 'The cloth as a table',
    caption: 'Chunks of this job by state',
    state: 'State',
    chunks: 'Chunks',
    share: 'Share',
    closer: 'Look closer',
    keep: 'Keep the cloth (PNG)',
    picture: (title) => `“${title}”: the tiles accepted so far, provisional ones included.`,
  },
  job: {
    now: 'On the loom now',
    asking: 'Asking the coordinator which jobs are open.',
    requester: (name) => `(ordered by ${name})`,
    itself: 'this coordinator itself',
    demonstration:
      'A demonstration: the answer is known beforehand. What is being tried is the working together.',
    verified: (policy, people, audited) =>
      audited
        ? `${policy === 'certify' ? 'What an answer names is proved before it counts. ' : ''}An answer counts provisionally at once. Small parts of it, drawn in secret, are computed again by the operator’s own machine or by others here; where one is not right, all that its author did and that is not final yet is computed again by others.${policy === 'adaptive' ? ' What a newcomer computes is computed by a second person too.' : ''}`
        : policy === 'certify'
          ? 'What an answer names is proved before it counts; what it leaves out, nobody checks.'
          : people === 1
            ? 'A chunk counts as soon as one answer has come; nobody looks at it again.'
            : `A chunk counts once ${people} different people have sent the same answer.`,
    tolerance: (audited) =>
      audited
        ? 'A graphics processor rounds a little differently: what is computed again of its answer, on a processor, has to agree within published bounds.'
        : 'A graphics processor rounds a little differently: its answer has to agree, within published bounds, with one computed on a processor.',
    progress: (final, accepted, chunks) =>
      accepted === 0
        ? `${f.share(final, chunks)} done: ${f.whole(final)} of ${some(chunks, 'chunk')} verified`
        : `${f.share(final + accepted, chunks)} done: ${f.whole(final + accepted)} of ${some(chunks, 'chunk')} computed, ${f.whole(final)} of them verified`,
    eta: (ms) => `about ${f.span(ms)} to go (estimate)`,
    settled: (byPeople, withAnchor) =>
      withAnchor === 0
        ? `So far all ${f.whole(byPeople)} settled between volunteers.`
        : `So far ${f.whole(byPeople)} settled between volunteers and ${f.whole(withAnchor)} with the operator’s anchor, a machine that steps in where a second person is missing.`,
    computedBy: (byPeople, withAnchor) =>
      withAnchor === 0
        ? `So far volunteers computed all ${f.whole(byPeople)}, and the operator’s anchor none.`
        : `So far volunteers computed ${f.whole(byPeople)} and the operator’s anchor, a machine that steps in where somebody is missing, ${f.whole(withAnchor)}.`,
    disputes: (count) =>
      `Answers differed on ${some(count, 'chunk')}; a further answer, from another person or from the operator’s own machine, decided.`,
    disproved: (count) =>
      count === 1
        ? 'Once an answer was found wrong; it and what hung on it was computed again.'
        : `${f.whole(count)} times an answer was found wrong; it and what hung on it was computed again.`,
    kernel: (id) => `Program: ${id}`,
    paused: 'The operator has paused this job’s program.',
    range: (exponent, bitFrom, bitTo) =>
      `Searching for a divisor of 2^${exponent} − 1 (a number of ${some(Math.ceil(exponent * Math.log10(2)), 'digit')}) between 2^${bitFrom} and 2^${bitTo}.`,
    rangeAbout: 'The cloth begins at the smallest candidates, top left, and ends at the largest.',
    also: 'Also open',
    show: 'Put it on the loom here',
    none: 'No job is open now.',
    noneNote:
      'You may press Start all the same: the page waits, computes nothing, and begins when a job opens here.',
    more: 'How answers are checked',
  },
  done: {
    heading: 'Finished lately',
    finished: (at, tookMs) => `Finished ${f.moment(at)}, after ${f.span(tookMs)}.`,
    cancelled: (at) => `Cancelled ${f.moment(at)}.`,
    picture: 'The whole picture (PNG)',
    report: 'What was found',
    reading: 'Fetching the report.',
    unreadable: 'The report could not be fetched. The job itself is safe; open this again to try once more.',
    audited: (chunks, withAnchor) =>
      `${some(chunks, 'chunk')} verified, ${withAnchor === 0 ? 'all computed by volunteers' : `${f.whole(withAnchor)} computed by the operator’s anchor`}: parts of them, drawn in secret, were computed again.`,
    verifiedBy: (chunks, byPeople, withAnchor) =>
      withAnchor === 0
        ? `${some(chunks, 'chunk')} verified, all of them between volunteers.`
        : `${some(chunks, 'chunk')} verified: ${f.whole(byPeople)} between volunteers, ${f.whole(withAnchor)} with the operator’s anchor.`,
  },
  cost: {
    line: (cores, max, low, high, gpu) =>
      `Start puts ${f.whole(cores)} of ${some(max, 'core')}${gpu ? ' and the graphics processor' : ''} to work until you stop or close the page: about ${f.whole(low)} to ${f.whole(high)} W more${gpu ? ' for the cores' : ''} (estimate). Before it, nothing is stored, tested or computed.`,
    heading: 'What it asks of your machine',
    cores: 'Processor',
    coresValue: (cores, max) => `${f.whole(cores)} of ${some(max, 'core')}`,
    fewer: 'One core fewer',
    more: 'One core more',
    gpu: 'Graphics',
    gpuAfter: 'used too, if it passes a test after Start',
    gpuNo: 'left alone',
    gpuInsecure: 'not available: browsers give it to secure (https) pages only',
    gpuAbsent: 'not available: this browser has no WebGPU; the cores do all the work',
    power: 'Power',
    powerValue: (low, high) => `about ${f.whole(low)} to ${f.whole(high)} W more`,
    powerNote: 'an estimate: 3 to 10 W for each busy core; a page cannot measure it',
    powerGpu: 'a busy graphics processor adds 10 to 200 W',
    data: 'Data',
    dataValue: (programBytes) => `${f.bytes(programBytes)} of program`,
    dataHour: (bytes) => `then at most about ${f.bytes(bytes)} of results an hour (estimate)`,
    dataUnknown: 'the program, the job’s input, and results as they are made',
    battery: 'Battery',
    batteryNote: 'Talka does not know whether you are plugged in. On battery it runs down sooner.',
    kept: 'Kept here',
    keptNote: 'Nothing until you press Start. Then a device key and results on their way, in this browser.',
  },
  start: {
    start: 'Start',
    again: 'Start again',
    acceptRestore: 'Go on with what is left',
    starting: 'Starting',
    waiting: 'Start is ready as soon as the coordinator has said what would be computed.',
    failed:
      'The program of this page could not be loaded. Nothing was stored or computed. Check the connection and press Start again.',
    pause: 'Pause',
    resume: 'Continue',
    finish: 'Finish',
    finishing: 'Finishing',
    finishNote: 'Finish completes the chunks in work, gives the rest back, and stops.',
    reload: 'Reload the page',
    forgotten: {
      yes: 'Everything this page kept in this browser is deleted, and the coordinator has erased the name. Its log stays.',
      here: 'Everything this page kept in this browser is deleted. The coordinator could not be asked: a name, if you set one, and its note of your network remain there.',
    },
  },
  work: {
    heading: {
      idle: 'Not started',
      starting: 'Getting ready',
      running: 'At work',
      paused: 'Paused',
      finishing: 'Finishing',
      finished: 'Finished, thank you',
      stopped: 'Stopped',
    },
    waiting: 'Waiting',
    running: (workers) =>
      workers === 0
        ? 'Waiting for the next chunk.'
        : workers === 1
          ? 'One part of this machine is computing.'
          : `${f.whole(workers)} parts of this machine are computing.`,
    finishing: 'Completing the chunks in work; nothing new is taken.',
    plain: {
      'not-started': 'Nothing runs until you press Start.',
      'paused-by-you': 'Paused by you. Nothing is being computed; results already made are safe.',
      'finished-by-you': 'The chunks in work were completed and the rest went back to be given to others.',
      offline:
        'This machine is offline. Results are kept in this browser and go out when the network is back.',
      delivering:
        'All that this machine holds is computed. The results wait for the coordinator to say that it has them.',
      'no-job-open': 'No job is open now. The page waits and begins by itself when one opens.',
      'waiting-for-others':
        'Your part is done for now: what is left needs an answer from somebody else. The page waits for new work.',
      'nothing-for-this-device':
        'The jobs that are open need something this machine does not have. The page waits.',
      'kernel-paused': 'The operator has paused this program. Work goes on when it is released.',
      suspended:
        'An answer of this machine was computed again and was not right. That happens to honest machines; below is when it may begin anew.',
      banned:
        'Too much of this machine’s work was wrong, or wrong just as another’s was: it gets no more here. What was verified before stays yours.',
      elsewhere:
        'Another tab of this browser is computing for this device, and only one may. Stop it there, or press Continue to move the work here.',
      'store-full': 'The coordinator cannot store results at the moment. Yours are kept here and sent later.',
      'log-shrunk':
        'The coordinator’s log is shorter than when this browser last saw it: records are missing there, so this browser has stopped. Results on their way and receipts for your credit are safe in this browser. Please ask the operator; once the whole log is back, press Start again.',
      'reload-needed':
        'The coordinator speaks a newer version. Results made so far are kept; reload the page to go on.',
    },
    preparing: {
      identity: 'Making this device’s key.',
      connecting: 'Greeting the coordinator.',
      fetching: 'Fetching the program and the job’s input.',
      starting: 'Starting the workers of this machine.',
      testing: 'Checking this machine against known answers.',
      loading: 'Handing the next chunk to a worker.',
      asking: 'Asking the coordinator for the next chunk.',
    },
    unreachable: 'The coordinator does not answer. Results already made are kept in this browser.',
    restored: (at, kept, remembered) =>
      `The operator put this coordinator back from a backup and said so on ${f.moment(at)}. Of the ${f.whole(remembered)} entries of its log that this browser remembers, ${f.whole(kept)} are left: work and credit recorded after that are lost there. Receipts in this browser stay, and show what was promised; ask the operator what becomes of them. If you go on, this browser notes both logs and trusts only what grows from what was kept.`,
    retry: (seconds) => `Next try in ${f.seconds(seconds)}.`,
    retrying: 'Trying again now.',
    detail: (detail) => `What the machine says: ${detail}`,
    noWorker: (detail) =>
      `No part of this machine passed its check, so nothing is computed here: ${detail}. A current version of the browser may help.`,
    restarting: (detail) =>
      `The workers of this machine ended by themselves (${detail}) and are started again.`,
    machine: 'This machine',
    core: (number) => `Core ${f.whole(number)}`,
    gpu: 'Graphics',
    workerStates: {
      loading: 'loading the program',
      testing: 'checking itself on known answers',
      waiting: 'waiting for work',
      computing: 'computing',
      paused: 'resting',
      lost: 'stopped answering; its chunks went back',
    },
    chunk: (chunk, title) => `chunk ${f.whole(chunk)}${title === '' ? '' : ` of ${title}`}`,
    units: (done, total) => `${f.whole(done)} of ${some(total, 'unit')}`,
    thread: (name) => `${name}: progress of the chunk`,
    connection: {
      none: 'not connected',
      connecting: 'connecting',
      open: 'connected to the coordinator',
      waiting: 'connection lost, waiting to try again',
    },
    outbox: (count) => `${some(count, 'result')} on the way`,
    spoken: (chunks, final) => `${some(chunks, 'chunk')} computed, ${f.whole(final)} accepted.`,
  },
  here: {
    nobody: 'Nobody is computing just now.',
    line: (people, devices, rate) =>
      `Here now: ${some(people, 'person', 'people')} with ${some(devices, 'device')}, together ${rate} × the reference core by their own word.`,
    link: {
      asking: 'Asking the coordinator.',
      live: 'Live.',
      polling: 'Updated every few seconds.',
      unreachable: 'The coordinator does not answer.',
    },
    unreachable: 'The coordinator does not answer.',
    unreachableNote:
      'The page itself is all here; what would be computed cannot be shown, so Start waits. Nothing was stored.',
    loopback:
      'This coordinator counts browsers on its own machine as different people, so that one person can try everything. Elsewhere one network counts as one person.',
    insecure:
      'This page came over plain http. Nobody vouches that it arrived as it was sent, the browser withholds the graphics processor, and a device key kept here can be read out.',
    storeFaults: {
      full: 'The coordinator’s disk is full, so it takes no new results. Nothing is lost: results wait in this browser until there is room.',
      busy: 'The coordinator’s store is busy, so new results wait in this browser. Nothing is lost, and it goes on by itself.',
      'read-only':
        'The coordinator may only read its store, so it takes no new results. Nothing is lost: results wait in this browser. The operator has to see to it.',
      io: 'The coordinator cannot write to its store, so it takes no new results. Nothing is lost: results wait in this browser. The operator has to see to it.',
      closed:
        'The coordinator is stopping and takes no new results. Nothing is lost: results wait in this browser until it is back.',
    },
    coordinator: (name, version) => `Coordinator “${name}”, version ${version}`,
    log: (records, witnesses) =>
      `${some(records, 'record')} in the log, seen in the last hour by ${
        witnesses === 0
          ? 'no witness'
          : `${some(witnesses, 'witness', 'witnesses')} (different keys; keys are cheap, so this is evidence, not proof)`
      }`,
  },
};
