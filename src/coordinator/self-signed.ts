/** Makes certificates of our own making for `--tls`: X.509 version 3 (RFC 5280), signed by themselves, by ECDSA on P-256. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  Extension,
  Extensions,
  GeneralName,
  id_ce_basicConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';

const commonName = '2.5.4.3';
/** RFC 5758, section 3.2. */
const ecdsaWithSha256 = '1.2.840.10045.4.3.2';
/** It counts from a little before: not every clock is right. */
const beforeMs = 5 * 60_000;

/** Certificate and key, as PEM. */
export interface SelfSigned {
  readonly cert: string;
  readonly key: string;
}

/** `names`: DNS names and IP addresses that it is for; `at` is now, and `days` from it its end. */
export function selfSigned(names: readonly string[], at: number, days: number): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);
  const who = new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type: commonName, value: new AttributeValue({ utf8String: 'Talka' }) }),
    ]),
  ]);
  const signature = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serial(),
    signature,
    issuer: who,
    validity: new Validity({
      notBefore: new Date(at - beforeMs),
      notAfter: new Date(at + days * 86_400_000),
    }),
    subject: who,
    subjectPublicKeyInfo: spki,
    extensions: new Extensions([
      extension(id_ce_subjectAltName, new SubjectAlternativeName(names.map(named)), false),
      // Whoever wants to trust it can do so: some systems take nothing else for that.
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: true }), true),
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(spki)), false),
    ]),
  });
  const signatureValue = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), privateKey);
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: signature,
    signatureValue: own(signatureValue),
  });
  return {
    cert: pem(Buffer.from(AsnConvert.serialize(certificate))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Positive, and as short as it may be. */
function serial(): ArrayBuffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return own(bytes);
}

function named(name: string): GeneralName {
  return new GeneralName(isIP(name) === 0 ? { dNSName: name } : { iPAddress: name });
}

function extension(extnID: string, value: object, critical: boolean): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

/** RFC 5280, section 4.2.1.2, method 1. */
function keyIdentifier({ subjectPublicKey }: SubjectPublicKeyInfo): ArrayBuffer {
  return own(createHash('sha1').update(Buffer.from(subjectPublicKey)).digest());
}

/** The bytes in memory of their own. */
function own(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
