/** Everything that a page shows only once Start was pressed, in one file that is loaded then. */
export { Me, Settings, Tally } from './Tally.tsx';
export { Machine, WorkHead, spokenOf } from './Work.tsx';
