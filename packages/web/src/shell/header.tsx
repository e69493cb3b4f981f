import type { ReactElement } from 'react';
import { Link } from '../router/link.tsx';
import type { Route } from '../router/routes.ts';

const PAGES = [
  ['Overview', { page: 'overview' }],
  ['Batches', { page: 'batches' }],
  ['Deliveries', { page: 'deliveries' }],
] as const satisfies readonly (readonly [string, Route])[];

interface HeaderProps {
  readonly route: Route;
  readonly onPalette: () => void;
}

export function Header({ route, onPalette }: HeaderProps): ReactElement {
  const isCurrent = (page: Route['page']): boolean =>
    route.page === page || (page === 'batches' && (route.page === 'batch' || route.page === 'task'));
  return (
    <header className="header">
      <a className="skip" href="#page">
        Skip to the page
      </a>
      <Link to={{ page: 'batches' }} className="brand">
        <img src="view/icon.svg" alt="" width="20" height="20" />
        ArcRun
      </Link>
      <nav aria-label="Pages">
        {PAGES.map(([name, to]) => (
          <Link key={name} to={to} {...(isCurrent(to.page) ? { 'aria-current': 'page' as const } : {})}>
            {name}
          </Link>
        ))}
        <a href="admin/queues">Queues</a>
        <a href="swagger-ui/">API docs</a>
      </nav>
      <button className="button" onClick={onPalette}>
        Search <kbd>Ctrl K</kbd>
      </button>
      {/* The server puts the form into the page when there is a session to end. */}
      {document.getElementById('sign-out') !== null && (
        <button className="button" form="sign-out">
          Sign out
        </button>
      )}
    </header>
  );
}
