// Every page of the app, by its addresses: for the journeys that look at each of them.

/** What stands in an address below for what only a filled organization knows. */
const KNOWN = /\{(\w+)\}/g;

/** Longest HTML of a list, in bytes, before it is compressed. */
const LIST_MAX = 60 * 1024;

/**
 * Every address that is visited, by what is needed to see it. `list`: rows of the organization fill it, and its HTML
 * has fewer bytes. `dialogs`: buttons that open one. `status`: what the browser logs of an answer that is meant.
 */
export const DOORS = ["/sign-in", "/second-factor", "/sign-up", "/sign-up?sent=1", "/confirm?token=x", "/forgot-password", "/reset-password?token=x", "/reset-password?first=1&token=x", "/invitation?token=x", "/support?token=x", "/restore?token=x", "/restore?closed=1", "/restore?done=1", "/sso", "/sso?problem=no-access", "/kit"].map((path) => ({ path }));
export const WORK = [
  { path: "/" },
  { path: "/experiments", list: LIST_MAX, dialogs: ["New experiment"] },
  { path: "/experiments/{id}", list: LIST_MAX, dialogs: ["Share"] },
  { path: "/experiments/{id}/discussion" },
  { path: "/shared/{experimentLink}", list: 2 * LIST_MAX },
  { path: "/shared/{experimentLink}/runs/{run}" },
  { path: "/shared/{runLink}" },
  { path: "/runs/{run}", dialogs: ["Rename", "Share"] },
  { path: "/runs/{run}/metrics" },
  { path: "/runs/{run}/artifacts?path=tables/importance.csv" },
  { path: "/runs/{run}/reproduce" },
  { path: "/experiments/{id}/traces", list: LIST_MAX },
  { path: "/traces/{trace}" },
  { path: "/templates", list: LIST_MAX },
  { path: "/templates/{template}", dialogs: ["Edit"] },
  { path: "/compare" },
  { path: "/compare?run={run}&run={second}", dialogs: ["Save"] },
];
export const REST = [
  { path: "/models", list: LIST_MAX },
  { path: "/models/{model}" },
  { path: "/members", list: LIST_MAX, dialogs: ["Invite a member"] },
  { path: "/members/invitations", list: LIST_MAX },
  { path: "/members/service-accounts", list: LIST_MAX, dialogs: ["New service account"] },
  { path: "/members/roles", dialogs: ["New role"] },
  { path: "/members/check?permission=runs:write" },
  { path: "/projects", list: LIST_MAX },
  { path: "/projects/{project}", dialogs: ["Restrict to members"] },
  { path: "/tokens", list: LIST_MAX, dialogs: ["Create a token"] },
  { path: "/api-access" },
  { path: "/api-access?experiment={id}" },
  { path: "/audit", list: LIST_MAX },
  { path: "/audit?entry=1" },
  { path: "/audit/access", list: LIST_MAX },
  { path: "/import", list: LIST_MAX },
  { path: "/import/{import}" },
  { path: "/access" },
  { path: "/access/single-sign-on" },
  { path: "/slack" },
  { path: "/organization", dialogs: ["Make room", "Delete the organization"] },
  { path: "/notifications", list: LIST_MAX },
  { path: "/account", dialogs: ["Sign out everywhere"] },
  { path: "/account/second-factor" },
  { path: "/new-organization" },
  { path: "/new-project" },
  { path: "/nothing/here", status: 404 },
];

/** An address of the list, with the ids and names of an organization that was filled. */
export const addressOf = (path, filled) => path.replaceAll(KNOWN, (_, name) => encodeURIComponent(filled[name]));
