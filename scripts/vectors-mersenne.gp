/* Recomputes outputs of the kernel mersenne-tf@1 in PARI/GP, independently of its sources:
   answer(p, kFrom, kPerUnit, unit) prints the unit's output bytes in hexadecimal. */

primorial = vecprod(primes([3, 65535]));
M32 = 2^32 - 1;

candidate(p, k) = my(q = 2*k*p + 1); k > 0 && (q % 8 == 1 || q % 8 == 7) && if(q < 65536, isprime(q), gcd(primorial % q, q) == 1);

/* The checksum's mix of a residue and k: two words of 32 bits. */
xorshift(a, n) = bitxor(a, a >> n);
mix(x, k) = {
  my(w0 = bitand(x, M32), w1 = bitand(x >> 32, M32), w2 = x >> 64, a, b);
  a = (w0 + bitand(k, M32) * 0x9e3779b1) % 2^32;
  a = xorshift(a, 15) * 0x85ebca77 % 2^32;
  a = (xorshift(a, 13) + w1) * 0xc2b2ae3d % 2^32;
  a = (xorshift(a, 16) + w2) * 0x27d4eb2f % 2^32;
  a = xorshift(a, 15);
  b = (bitxor(a, w1) * 0x165667b1 + w0) % 2^32;
  b = xorshift(b, 16) * 0x9e3779b1 % 2^32;
  [a, xorshift(b, 13)];
}

/* n in `bytes` bytes, least significant first, as hexadecimal. */
le(n, bytes) = { my(s = ""); for(i = 1, bytes, s = Str(s, strprintf("%02x", n % 256)); n \= 256); s; }

answer(p, kFrom, kPerUnit, unit) = {
  my(from = kFrom + unit * kPerUnit, count = 0, sum = [0, 0], found = List());
  for(k = from, from + kPerUnit - 1,
    if(candidate(p, k),
      my(x = lift(Mod(2, 2*k*p + 1)^p));
      count++;
      sum = (sum + mix(x, k)) % 2^32;
      if(x == 1, listput(found, k))));
  my(out = Str(le(#found, 4), le(count, 4), le(sum[1], 4), le(sum[2], 4)));
  for(i = 1, min(#found, 64), out = Str(out, le(found[i], 8)));
  print(out);
}
