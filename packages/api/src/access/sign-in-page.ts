const FORM = `
      <label for="token">Token</label>
      <input id="token" name="token" type="password" autocomplete="current-password" aria-describedby="hint problem" required autofocus>
      <p id="hint">One of the tokens in the server's <code>AUTH_TOKEN</code>.</p>
      <button>Sign in</button>`;

const PROBLEM = `
      <p id="problem" role="alert">The server does not know this token.</p>`;

const SIGNED_IN = `
      <p>You are signed in. <a href="view">Go to the batches</a></p>
      <button>Sign out</button>`;

const layOut = (title: string, content: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title} · ArcRun</title>
    <link rel="icon" href="sign-in-files/icon.svg">
    <link rel="stylesheet" href="sign-in-files/sign-in.css">
  </head>
  <body>
    <main>
      <h1>ArcRun</h1>${content}
    </main>
  </body>
</html>
`;

const form = (attributes: string, fields: string): string => `
      <form method="post"${attributes}>${fields}
      </form>`;

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');

/** Without an action, the form goes to the address that the page has, with where to go afterwards. */
export const signInPage = layOut('Sign in', form('', FORM));
export const wrongTokenPage = layOut('Sign in', form('', PROBLEM + FORM));
export const signedInPage = layOut('Signed in', form(' action="sign-out"', SIGNED_IN));

/**
 * Leads on by itself. It asks for nothing: what is filled in before the browser goes on would be lost.
 *
 * @param to a relative address
 */
export const passingPage = (to: string): string =>
  layOut(
    'Sign in',
    `
      <p>One moment. <a href="${escape(to)}">Go on</a></p>`,
  );
