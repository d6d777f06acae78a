// better-auth's SCIM plugin behind node:http, on its in-memory adapter; the protocol is theirs.
// Each first path segment is a tenant of its own: an instance, made when it is first asked for.
//   node better-auth.mjs PORT TOKEN
import { createServer } from "node:http";
import { scim } from "@better-auth/scim";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";

const [port, token] = process.argv.slice(2);
const origin = `http://127.0.0.1:${port}`;
const instances = new Map();

function made(tenant) {
    const plugin = scim({ connections: [{ id: "test", credentials: [{ type: "bearer", id: "test", token }] }] });
    const tables = ["user", "session", "account", "verification", ...Object.keys(plugin.schema)];
    const auth = betterAuth({
        baseURL: origin,
        basePath: `/${tenant}`,
        secret: "a-secret-of-no-worth-and-for-tests-only",
        database: memoryAdapter(Object.fromEntries(tables.map((table) => [table, []]))),
        plugins: [plugin],
        logger: { disabled: true },
        rateLimit: { enabled: false },
    });
    return toNodeHandler(auth);
}

createServer((request, response) => {
    const tenant = request.url.split("/")[1];
    const handle = instances.get(tenant) ?? instances.set(tenant, made(tenant)).get(tenant);
    return handle(request, response);
}).listen(Number(port), "127.0.0.1");
