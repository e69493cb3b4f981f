import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, type ReactElement, Suspense, useEffect, useMemo, useState } from 'react';
import { Loading } from './components/page-states.tsx';
import { BatchesPage } from './pages/batches/batches-page.tsx';
import { queryClient } from './queries/query-client.ts';
import { navigate, useParameters } from './router/location.ts';
import { readRoute, type Route, toUrl } from './router/routes.ts';
import { AwayBanner } from './shell/away-banner.tsx';
import { CommandPalette } from './shell/command-palette.tsx';
import { type Command, handleKey, useCommands } from './shell/commands.ts';
import { Confirmations } from './shell/confirm.tsx';
import { ErrorBoundary } from './shell/error-boundary.tsx';
import { Header } from './shell/header.tsx';
import { KeyboardHelp } from './shell/keyboard-help.tsx';
import { Toasts } from './shell/toasts.tsx';

// Loaded when they are first looked at.
const BatchPage = lazy(() => import('./pages/batch/batch-page.tsx'));
const TaskPage = lazy(() => import('./pages/task/task-page.tsx'));
const OverviewPage = lazy(() => import('./pages/overview/overview-page.tsx'));
const DeliveriesPage = lazy(() => import('./pages/deliveries/deliveries-page.tsx'));

function Page({ route }: { route: Route }): ReactElement {
  switch (route.page) {
    case 'batches':
      return <BatchesPage />;
    case 'batch':
      return <BatchPage key={route.batchId} batchId={route.batchId} tab={route.tab} />;
    case 'task':
      return <TaskPage key={route.taskId} taskId={route.taskId} />;
    case 'overview':
      return <OverviewPage />;
    case 'deliveries':
      return <DeliveriesPage />;
  }
}

/** The shell around the pages. */
export function App(): ReactElement {
  const route = readRoute(useParameters());
  const [opened, setOpened] = useState<'palette' | 'keys'>();
  const close = (): void => setOpened(undefined);
  useCommands(
    useMemo<readonly Command[]>(
      () => [
        { title: 'Show the keys', key: '?', run: () => setOpened('keys') },
        { title: 'Search for a command, a page or an id', key: 'Ctrl+K', run: () => setOpened('palette') },
        { title: 'Go to the overview', key: 'g o', run: () => navigate(toUrl({ page: 'overview' })) },
        { title: 'Go to the batches', key: 'g b', run: () => navigate(toUrl({ page: 'batches' })) },
        { title: 'Go to the deliveries', key: 'g d', run: () => navigate(toUrl({ page: 'deliveries' })) },
      ],
      [],
    ),
  );
  useEffect(() => {
    document.addEventListener('keydown', handleKey);
    return () => document.removeEventListener('keydown', handleKey);
  }, []);
  const place = route.page === 'batch' ? route.batchId : route.page === 'task' ? route.taskId : '';
  return (
    <QueryClientProvider client={queryClient}>
      <Toasts>
        <Header route={route} onPalette={() => setOpened('palette')} />
        <AwayBanner />
        <main id="page" className="page">
          <ErrorBoundary key={`${route.page} ${place}`}>
            <Suspense fallback={<Loading what="the page" />}>
              <Page route={route} />
            </Suspense>
          </ErrorBoundary>
        </main>
        <CommandPalette isOpen={opened === 'palette'} onClose={close} />
        <KeyboardHelp isOpen={opened === 'keys'} onClose={close} />
        <Confirmations />
      </Toasts>
    </QueryClientProvider>
  );
}
