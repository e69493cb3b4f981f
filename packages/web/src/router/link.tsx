import type { AnchorHTMLAttributes, MouseEvent, ReactElement } from 'react';
import { navigate } from './location.ts';
import { type Parameters, type Route, toUrl } from './routes.ts';

interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> {
  readonly to: Route;
  readonly parameters?: Parameters;
}

/** A link to a place of the UI; a new tab, a copied address and the history work as everywhere. */
export function Link({ to, parameters, onClick, ...rest }: LinkProps): ReactElement {
  const url = toUrl(to, parameters);
  return (
    <a
      {...rest}
      href={url}
      onClick={(event) => {
        onClick?.(event);
        if (isPlainClick(event)) {
          event.preventDefault();
          navigate(url);
        }
      }}
    />
  );
}

const isPlainClick = (event: MouseEvent): boolean =>
  !event.defaultPrevented &&
  event.button === 0 &&
  !event.metaKey &&
  !event.ctrlKey &&
  !event.shiftKey &&
  !event.altKey;
