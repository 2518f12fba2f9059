/** Files that are dropped onto a page, wherever on it. */
import { useEffect, useRef } from 'preact/hooks';

/** Takes files that are dropped anywhere on the page, and shows while one hangs over it. */
export function useDropped(take: (file: File) => void): void {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const page = document.documentElement;
    const over = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes('Files') !== true) return;
      event.preventDefault();
      page.classList.add('dropping');
    };
    const away = (event: DragEvent): void => {
      if (event.relatedTarget === null) page.classList.remove('dropping');
    };
    const drop = (event: DragEvent): void => {
      page.classList.remove('dropping');
      const [file] = event.dataTransfer?.files ?? [];
      if (file === undefined) return;
      event.preventDefault();
      latest.current(file);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', away);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', away);
      removeEventListener('drop', drop);
    };
  }, []);
}
