/** Six small pictures of how answers are checked, in the cloth's own signs: full is final, outlined provisional, dashed to be done anew. */
import type { JSX } from 'preact';

/** A stitch: a lozenge around a point. */
const stitch = (x: number, y: number, r: number): string => `M${x - r} ${y}l${r} ${-r}l${r} ${r}l${-r} ${r}z`;
const cross = (x: number, y: number, r: number): string =>
  `M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}`;
/** A small house with its floor at `y`. */
const house = (x: number, y: number, r: number): string =>
  `M${x - r} ${y}v${-r}l${r} ${-0.9 * r}l${r} ${0.9 * r}v${r}z`;

function Picture(props: { readonly height: number; readonly children: JSX.Element[] }): JSX.Element {
  return (
    <svg class="pic" viewBox={`0 0 360 ${props.height}`} aria-hidden="true">
      {props.children}
    </svg>
  );
}

/** Column and row of each drawn unit, by chunk: where one in 64 is drawn, most have none. */
const drawnUnits: readonly (readonly (readonly [number, number])[])[] = [[], [[2, 1]], [], [], [[0, 3]], []];

/** Units of six chunks, and which of them were drawn. */
export function DrawnPicture(): JSX.Element {
  const [pitch, apart] = [13, 60];
  const at = (chunk: number, column: number, row: number): [number, number] => [
    10.5 + chunk * apart + column * pitch,
    12 + row * pitch,
  ];
  let units = '';
  for (let chunk = 0; chunk < 6; chunk++)
    for (let i = 0; i < 16; i++) {
      const [x, y] = at(chunk, i % 4, Math.floor(i / 4));
      units += stitch(x, y, 4.5);
    }
  return (
    <Picture height={64}>
      <path class="pic-open" d={units} />
      <g>
        {drawnUnits.flatMap((drawn, chunk) =>
          drawn.map(([column, row]) => {
            const [x, y] = at(chunk, column, row);
            return (
              <g key={`${chunk} ${column} ${row}`}>
                <path class="pic-full" d={stitch(x, y, 4.5)} />
                <circle class="pic-ring" cx={x} cy={y} r="8.5" />
              </g>
            );
          }),
        )}
      </g>
    </Picture>
  );
}

/** One machine's chunks in a row, and the window that moves over them. */
export function WindowPicture(): JSX.Element {
  const x = (i: number): number => 14 + i * 19.5;
  const places = Array.from({ length: 18 }, (_, i) => i);
  const row = (from: number, to: number, r: number): string =>
    places
      .slice(from, to)
      .map((i) => stitch(x(i), 20, r))
      .join('');
  const checked = [6, 7, 9, 10, 13, 14, 16];
  return (
    <Picture height={62}>
      <path class="pic-thread" d="M2 20H358" />
      <path class="pic-full" d={row(0, 6, 8)} />
      <path class="pic-open" d={row(6, 18, 8)} />
      <path class="pic-full" d={checked.map((i) => stitch(x(i), 20, 3)).join('')} />
      <path class="pic-ring" d={`M${x(6) - 8} 36v8H${x(17) + 8}v-8`} />
      <path class="pic-ring" d={`M${x(11) - 8} 55h26m-6 -5l6 5l-6 5`} />
    </Picture>
  );
}

/** Four machines: the third gave a wrong answer, what it had not made final goes to the others. */
export function WrongPicture(): JSX.Element {
  const x = (i: number): number => 48 + i * 23;
  const y = (row: number): number => 20 + row * 32;
  const others = [0, 1, 3];
  const row = (line: number, from: number, to: number): string =>
    Array.from({ length: to - from }, (_, i) => stitch(x(from + i), y(line), 8)).join('');
  const anew = others.flatMap((line) => [11, 12].map((i) => [x(i), y(line)] as const));
  const undone = [3, 4, 5, 6, 7, 8].map((i) => [x(i), y(2)] as const);
  return (
    <Picture height={138}>
      <path
        class="pic-thread"
        d={[0, 1, 2, 3].map((line) => `M34 ${y(line)}H${line === 2 ? x(3) : 354}`).join('')}
      />
      <g>
        {undone.map(([fromX, fromY], i) => {
          const [toX, toY] = anew[((i * 2) % 6) + (i > 2 ? 1 : 0)] as readonly [number, number];
          return (
            <path
              key={fromX}
              class="pic-way"
              d={`M${fromX} ${fromY}C${fromX + 60} ${fromY} ${toX - 70} ${toY} ${toX - 8} ${toY}`}
            />
          );
        })}
      </g>
      <path class="pic-house" d={[0, 1, 2, 3].map((line) => house(18, y(line) + 9, 10)).join('')} />
      <path class="pic-full" d={others.map((line) => row(line, 0, 4)).join('') + row(2, 0, 3)} />
      <path class="pic-open" d={others.map((line) => row(line, 4, 9)).join('')} />
      <path class="pic-anew" d={row(2, 3, 9) + others.map((line) => row(line, 11, 13)).join('')} />
      <path class="pic-cross" d={cross(x(3), y(2), 9)} />
    </Picture>
  );
}

/** Two households, each on its own network, and the chunk that both computed. */
export function PeoplePicture(): JSX.Element {
  return (
    <Picture height={118}>
      <circle class="pic-way" cx="46" cy="46" r="40" />
      <circle class="pic-way" cx="314" cy="46" r="40" />
      <path class="pic-house" d={house(46, 62, 20) + house(314, 62, 20)} />
      <path class="pic-thread" d="M66 46H136M294 46H224M136 46L172 96M224 46L188 96" />
      <path class="pic-open" d={stitch(136, 46, 13) + stitch(224, 46, 13)} />
      <path class="pic-ring" d="M170 42h20M170 50h20" />
      <path class="pic-full" d={stitch(180, 100, 14)} />
    </Picture>
  );
}

/** Answers come to a gate: what they name is proved there and goes through, or not and stays outside. */
export function ProofPicture(): JSX.Element {
  const rows = [22, 54, 86];
  const [passed, refused] = [[0, 2], 1] as const;
  const y = (row: number): number => rows[row] as number;
  return (
    <Picture height={108}>
      <path class="pic-house" d={rows.map((at) => house(24, at + 10, 10)).join('')} />
      <path
        class="pic-thread"
        d={passed.map((row) => `M38 ${y(row)}H340`).join('') + `M38 ${y(refused)}H168`}
      />
      <path class="pic-open" d={rows.map((at) => stitch(96, at, 11)).join('')} />
      <path class="pic-ring" d="M190 4V104" />
      <path class="pic-ring" d={passed.map((row) => `M222 ${y(row)}l6 7l12 -15`).join('')} />
      <path class="pic-cross" d={cross(158, y(refused), 8)} />
      <path class="pic-full" d={passed.map((row) => stitch(292, y(row), 11)).join('')} />
      <path class="pic-anew" d={stitch(292, y(refused), 11)} />
    </Picture>
  );
}

/** A drawn unit goes to the operator's machine or to a neighbour; the answer that was given goes round them. */
export function AnchorPicture(): JSX.Element {
  let units = '';
  for (let i = 0; i < 16; i++) units += stitch(16 + (i % 4) * 15, 20 + Math.floor(i / 4) * 15, 5);
  return (
    <Picture height={122}>
      <path class="pic-thread" d="M61 35H122M230 35H252" />
      <path class="pic-way" d="M38 74C38 118 120 108 190 108S318 112 320 56" />
      <path class="pic-open" d={units} />
      <path class="pic-full" d={stitch(46, 35, 5)} />
      <circle class="pic-ring" cx="46" cy="35" r="9.5" />
      <path class="pic-house" d={house(148, 58, 25) + house(206, 58, 25)} />
      <g class="pic-anchor" transform="translate(-22 2)">
        <circle cx="170" cy="26" r="3" />
        <path d="M170 29v24M163 34h14M158 43c0 7 6 10 12 10s12 -3 12 -10" />
      </g>
      <path class="pic-full" d={stitch(264, 35, 11)} />
      <path class="pic-ring" d="M283 31h14M283 39h14" />
      <path class="pic-anew" d="M302 15h40v40h-40z" />
      <path class="pic-open" d={stitch(322, 35, 11)} />
    </Picture>
  );
}
