/** The bytes in which anchors elsewhere and volunteers answer: what was put in comes out, and nothing else is taken for it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  answerBytes,
  decodeAuditAnswer,
  decodeOutputs,
  encodeAuditAnswer,
  encodeOutputs,
  isAuditAnswer,
  outputBytesMax,
} from '../../src/wire/audits.ts';
import { decodeCommit, encodeCommit } from '../../src/wire/frame.ts';
import { isMalformed } from '../../src/wire/schema.ts';
import { limits } from '../../src/wire/version.ts';

const lengthMax = 40;
const outputs = fc.array(fc.uint8Array({ maxLength: lengthMax }), { minLength: 1, maxLength: 6 });

describe('the outputs of an audit as bytes', () => {
  test('come out as they went in, within their bound', () => {
    fc.assert(
      fc.property(outputs, (list) => {
        const bytes = encodeOutputs(list);
        const bounds = { count: list.length, lengthMax };
        expect(bytes.length).toBeLessThanOrEqual(outputBytesMax(bounds));
        expect(decodeOutputs(bytes, bounds)).toEqual(list);
      }),
    );
  });

  test('are refused when anything is missing, added or counted otherwise', () => {
    fc.assert(
      fc.property(outputs, fc.nat(), (list, at) => {
        const bytes = encodeOutputs(list);
        const bounds = { count: list.length, lengthMax };
        expect(decodeOutputs(bytes.subarray(0, at % bytes.length), bounds)).toHaveProperty('malformed');
        expect(decodeOutputs(Buffer.concat([bytes, Buffer.of(0)]), bounds)).toHaveProperty('malformed');
        expect(decodeOutputs(bytes, { ...bounds, count: list.length + 1 })).toHaveProperty('malformed');
        expect(decodeOutputs(bytes, { ...bounds, count: list.length - 1 })).toHaveProperty('malformed');
        const longest = Math.max(...list.map(({ length }) => length));
        if (longest > 0)
          expect(decodeOutputs(bytes, { ...bounds, lengthMax: longest - 1 })).toHaveProperty('malformed');
      }),
    );
  });

  test('are read from any bytes without harm, and only in one form', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 1, max: 6 }), (bytes, count) => {
        const read = decodeOutputs(bytes, { count, lengthMax });
        if (!isMalformed(read)) expect(encodeOutputs(read)).toEqual(bytes);
      }),
    );
  });
});

const auditId = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

describe('[WR12] the frame in which a volunteer answers an audit', () => {
  test('comes out as it went in, also from the middle of a larger buffer', () => {
    fc.assert(
      fc.property(auditId, outputs, (audit, list) => {
        const frame = encodeAuditAnswer(audit, list);
        const bounds = { count: list.length, lengthMax };
        expect(frame.length).toBeLessThanOrEqual(answerBytes(outputBytesMax(bounds)));
        const larger = new Uint8Array(frame.length + 20).fill(0xff);
        larger.set(frame, 7);
        for (const one of [frame, larger.subarray(7, 7 + frame.length)]) {
          expect(isAuditAnswer(one)).toBe(true);
          const answer = decodeAuditAnswer(one);
          if (isMalformed(answer)) expect.fail(answer.malformed);
          expect(answer.audit).toBe(audit);
          expect(decodeOutputs(answer.outputs, bounds)).toEqual(list);
        }
      }),
    );
  });

  test('is never taken for a commit, nor a commit for it', () => {
    const commit = encodeCommit({
      header: { t: 'commit', items: [{ replica: 1, root: 'a'.repeat(64), digestBytes: 8, lengths: null }] },
      parts: [
        {
          item: { replica: 1, root: 'a'.repeat(64), digestBytes: 8, lengths: null },
          digests: new Uint8Array(8),
          bytes: null,
        },
      ],
    });
    expect(isAuditAnswer(commit)).toBe(false);
    expect(decodeAuditAnswer(commit)).toHaveProperty('malformed');
    fc.assert(
      fc.property(auditId, outputs, (audit, list) => {
        expect(decodeCommit(encodeAuditAnswer(audit, list))).toHaveProperty('malformed');
      }),
    );
  });

  test('is refused when its head is cut, when it answers nothing, and beyond the limit of frames', () => {
    const frame = encodeAuditAnswer(7, [Uint8Array.of(1)]);
    for (let length = 0; length < 14; length++)
      expect(decodeAuditAnswer(frame.subarray(0, length)), String(length)).toHaveProperty('malformed');
    expect(decodeAuditAnswer(encodeAuditAnswer(0, [Uint8Array.of(1)]))).toHaveProperty('malformed');
    const beyond = Uint8Array.from(frame);
    beyond[7] = 0x20;
    expect(decodeAuditAnswer(beyond)).toHaveProperty('malformed');
    const wishing = Uint8Array.from(frame);
    wishing[3] = 1;
    expect(decodeAuditAnswer(wishing)).toHaveProperty('malformed');
    expect(decodeAuditAnswer(new Uint8Array(limits.frameBytesMax + 1))).toHaveProperty('malformed');
  });

  test('any bytes are read without harm, and only in one form', () => {
    const near = fc
      .tuple(fc.uint8Array({ minLength: 8, maxLength: 80 }), fc.boolean())
      .map(([tail, zero]) => {
        return zero ? Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, ...tail) : tail;
      });
    fc.assert(
      fc.property(near, fc.integer({ min: 1, max: 4 }), (bytes, count) => {
        const answer = decodeAuditAnswer(bytes);
        if (isMalformed(answer)) return;
        const read = decodeOutputs(answer.outputs, { count, lengthMax });
        if (!isMalformed(read)) expect(encodeAuditAnswer(answer.audit, read)).toEqual(bytes);
      }),
    );
  });
});
