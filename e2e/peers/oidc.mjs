// A real OpenID provider for journeys: `node oidc.mjs PORT REDIRECT`. It knows one client and everybody: whoever signs in as
// NAME is NAME@example.com (verified, unless NAME begins with "unverified"), in the groups that follow NAME after a plus sign.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Provider } from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const scope = "openid email profile groups";

const account = (id) => {
  const [name, ...groups] = id.split("+");
  return {
    accountId: id,
    claims: () => ({ sub: id, name, email: `${name}@example.com`, email_verified: !name.startsWith("unverified"), groups }),
  };
};

/** Everybody has agreed to everything. */
async function agreed({ oidc }) {
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope(scope);
  await grant.save();
  return grant;
}

const provider = new Provider(issuer, {
  clients: [{ client_id: "assay", client_secret: "a secret of the journeys", redirect_uris: [redirect], grant_types: ["authorization_code"] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  scopes: scope.split(" "),
  pkce: { required: () => true },
  findAccount: (_, id) => account(id),
  loadExistingGrant: agreed,
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: ["only for journeys"] },
  features: { devInteractions: { enabled: false } },
  ttl: { Interaction: 600, Session: 600, Grant: 600, IdToken: 300, AccessToken: 300 },
});

const form = `<!DOCTYPE html><html lang="en"><title>Northwind ID</title><link rel="icon" href="data:,">
<form method="post"><label>Login <input name="login"></label> <button>Sign in</button></form></html>`;
const protocol = provider.callback();

const server = createServer(async (request, response) => {
  if (!request.url.startsWith("/interaction/")) return protocol(request, response);
  if (request.method !== "POST") return response.setHeader("content-type", "text/html").end(form);
  const login = { accountId: new URLSearchParams(await text(request)).get("login") };
  await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
});
server.listen(Number(port), "127.0.0.1", () => console.log(`serving ${issuer}`));
