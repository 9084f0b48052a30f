// The listening socket around the routes: address, time limits of connections, an orderly end. Knows nothing of what is served.

import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { FileError } from "../core/errors.ts";
import type { ServerApp } from "./app.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface RunningServer {
  readonly url: string;
  /** Takes no more requests, lets those under way end for up to `seconds`, then ends them and closes. */
  close(seconds: number): Promise<void>;
}

/** @throws FileError when the address cannot be listened on */
export async function listen(app: ServerApp, { host, port }: ListenOptions): Promise<RunningServer> {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  // A client that sends its request a byte at a time holds a connection, not a row.
  server.headersTimeout = 20_000;
  server.requestTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(
        new FileError(taken ? `${host}:${port} is in use` : `cannot listen on ${host}:${port} (${error.code})`, {
          hint: taken ? "Choose another --port; 0 takes any free one." : "Check --host and --port.",
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const actual = typeof address === "object" && address ? address.port : port;
  const shown = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${shown}:${actual}`,
    async close(seconds) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await app.drain(seconds);
      // Answers are written; what is left are connections kept for more.
      server.closeIdleConnections();
      const rest = setTimeout(() => server.closeAllConnections(), 1000);
      await closed;
      clearTimeout(rest);
    },
  };
}
