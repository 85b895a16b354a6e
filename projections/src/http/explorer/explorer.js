// The explorer: runs queries and subscriptions against this bank's own /graphql, and shows the schema.
"use strict";

const element = (id) => document.getElementById(id);
const example = `query Statement($account: ID!) {
  statement(accountId: $account) {
    accountVersion
    cycle
    dueOn
    total { decimal currency }
    lines(first: 20) {
      nodes { occurredAt merchant { name } description amount { decimal } }
    }
  }
}`;

let socket = null;

const show = (value) => {
  element("answer").textContent = typeof value === "string" ? value : JSON.stringify(value, null, 2);
};

const append = (value) => {
  element("answer").textContent += `${JSON.stringify(value, null, 2)}\n`;
};

const request = () => {
  const variables = element("variables").value.trim();
  return { query: element("query").value, variables: variables ? JSON.parse(variables) : {} };
};

const post = async (body) => {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.json();
};

const stop = () => {
  if (socket) socket.close(1000);
  socket = null;
  element("stop").disabled = true;
};

// https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
const follow = (body) => {
  stop();
  const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/graphql`;
  socket = new WebSocket(address, "graphql-transport-ws");
  const current = socket;
  element("stop").disabled = false;
  show("");
  const send = (message) => current.send(JSON.stringify(message));
  current.onopen = () => send({ type: "connection_init" });
  current.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "connection_ack") send({ id: "1", type: "subscribe", payload: body });
    else if (message.type === "ping") send({ type: "pong" });
    else if (message.type === "next" || message.type === "error") append(message.payload);
    else if (message.type === "complete") stop();
  };
  const beat = setInterval(() => current.readyState === WebSocket.OPEN && send({ type: "ping" }), 20000);
  current.onclose = (event) => {
    clearInterval(beat);
    if (event.code !== 1000) append({ closed: event.code, reason: event.reason });
    if (current === socket) stop();
  };
};

const run = async () => {
  try {
    const body = request();
    if (/^\s*subscription\b/m.test(body.query)) follow(body);
    else show(await post(body));
  } catch (error) {
    show(String(error));
  }
};

const named = (type) => {
  if (type.kind === "NON_NULL") return `${named(type.ofType)}!`;
  if (type.kind === "LIST") return `[${named(type.ofType)}]`;
  return type.name;
};

const described = (list, signature, description) => {
  const term = document.createElement("dt");
  term.textContent = signature;
  const text = document.createElement("dd");
  text.textContent = description || "";
  list.append(term, text);
};

const typeOf = (type) => {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = `${type.name} · ${type.kind.toLowerCase().replace("_", " ")}`;
  const list = document.createElement("dl");
  if (type.description) described(list, "", type.description);
  for (const field of type.fields || type.inputFields || []) {
    const inputs = (field.args || []).map((input) => `${input.name}: ${named(input.type)}`).join(", ");
    described(list, `${field.name}${inputs ? `(${inputs})` : ""}: ${named(field.type)}`, field.description);
  }
  for (const value of type.enumValues || []) described(list, value.name, value.description);
  details.append(summary, list);
  details.open = ["Query", "Subscription"].includes(type.name);
  return details;
};

const reference = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
const introspection = `{ __schema { types { kind name description
  fields { name description args { name type { ${reference} } } type { ${reference} } }
  inputFields { name description type { ${reference} } }
  enumValues { name description } } } }`;

const loadSchema = async () => {
  const { data } = await post({ query: introspection });
  const order = (type) => (["Query", "Subscription"].includes(type.name) ? 0 : 1);
  const types = data.__schema.types
    .filter((type) => !type.name.startsWith("__"))
    .sort((one, other) => order(one) - order(other) || one.name.localeCompare(other.name));
  element("schema").replaceChildren(...types.map(typeOf));
};

const find = () => {
  const wanted = element("find").value.trim().toLowerCase();
  for (const details of element("schema").children) {
    const found = details.textContent.toLowerCase().includes(wanted);
    details.hidden = !found;
    if (wanted) details.open = found;
  }
};

element("query").value = example;
element("variables").value = '{\n  "account": ""\n}';
element("run").addEventListener("click", run);
element("stop").addEventListener("click", stop);
element("find").addEventListener("input", find);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
loadSchema().catch((error) => { element("schema").textContent = String(error); });
