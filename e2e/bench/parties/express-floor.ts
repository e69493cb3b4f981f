// The floor of Express: reads and parses the JSON of a POST, and answers JSON. Nothing else.
import express from 'express';
import { listen } from './listen.ts';
import { serveCommands } from './serve-commands.ts';

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.post('/', express.json(), (request, response) => {
  response.status(200).json({ id: (request.body as { id?: string }).id, status: 'ok' });
});

const url = await listen(app);
const commands = { url: (): string => url };

export type ServerCommands = typeof commands;

serveCommands(commands);
