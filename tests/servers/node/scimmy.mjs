// SCIMMY behind Express, on a store of our own; the protocol is theirs. Each first path segment is a tenant of its own.
//   node scimmy.mjs PORT TOKEN
import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const [port, token] = process.argv.slice(2);
const accounts = new Map();

function kept(kind, tenant) {
    const place = `${tenant}/${kind}`;
    return accounts.get(place) ?? accounts.set(place, new Map()).get(place);
}

function now() {
    return new Date().toISOString();
}

// Ours is to keep what came and to give it back. Names are unique, as everywhere; the rest is SCIMMY's.
function handlers(kind, name) {
    return {
        ingress: (resource, data, { tenant }) => {
            const all = kept(kind, tenant);
            const wanted = data[name]?.toLowerCase();
            const taken = [...all.values()].some((one) => one.id !== resource.id && one[name]?.toLowerCase() === wanted);
            if (taken) throw new SCIMMY.Types.Error(409, "uniqueness", `${name} is taken: ${data[name]}`);
            const id = resource.id ?? randomUUID();
            if (resource.id && !all.has(id)) throw new SCIMMY.Types.Error(404, null, `there is no ${kind}/${id}`);
            const meta = { created: all.get(id)?.meta.created ?? now(), lastModified: now() };
            all.set(id, { ...JSON.parse(JSON.stringify(data)), id, meta });
            return all.get(id);
        },
        egress: (resource, { tenant }) => {
            const all = kept(kind, tenant);
            if (!resource.id) return [...all.values()];
            if (!all.has(resource.id)) throw new SCIMMY.Types.Error(404, null, `there is no ${kind}/${resource.id}`);
            return all.get(resource.id);
        },
        degress: () => {
            throw new SCIMMY.Types.Error(501, null, "nothing is ever deleted");
        },
    };
}

SCIMMY.Resources.declare(SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false), handlers("Users", "userName"));
SCIMMY.Resources.declare(SCIMMY.Resources.Group, handlers("Groups", "displayName"));

const routers = new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("another token");
        return "test";
    },
    context: (request) => ({ tenant: request.params.tenant }),
});
express().use("/:tenant/v2", routers).listen(Number(port), "127.0.0.1");
