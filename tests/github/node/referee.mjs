// Reads workflows and actions, and evaluates expressions, with GitHub's own packages.
//
// Each line of the input is a request in JSON, and gets one line in JSON: {"value": …} or {"errors": [text, …]}.
//
//   {"do": "parse", "kind": "workflow" | "action", "name": …, "text": …}
//       The document. An expression is {"expression": …}; each job and step has the `if` that GitHub evaluates.
//   {"do": "evaluate", "expression": …, "contexts": {name: …}, "status": {"success": true, …}}
//       The value of an expression; the functions success(), failure() and cancelled() return the status.
import { createInterface } from "node:readline";
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { convertActionTemplate, parseAction } from "@actions/workflow-parser/actions/index";
import { convertToIfCondition } from "@actions/workflow-parser/model/converter/if-condition";
import {
  isBasicExpression,
  isBoolean,
  isMapping,
  isNumber,
  isSequence,
  isString,
} from "@actions/workflow-parser/templates/tokens/type-guards";
import { parse as load } from "yaml";

const ALL_ERRORS = { errorPolicy: 1 }; // ErrorPolicy.TryConversion: those of the second pass too
const STATUS = ["always", "cancelled", "failure", "success"];

async function parse({ kind, name, text }) {
  const asWritten = await read(kind, name, text);
  if (asWritten.errors.length) return { errors: asWritten.errors };
  // Of a block of lines (`>-`, `|`), the parser takes the source, because it tells editors where an error is. GitHub takes
  // the value: so the document is read once more with each text on one line.
  const { errors, context, token } = await read(kind, name, JSON.stringify(load(text)));
  return errors.length ? { errors } : { value: plain(context, token) };
}

async function read(kind, name, content) {
  const file = { name, content };
  const { context, value } = (kind === "action" ? parseAction : parseWorkflow)(file, new NoOperationTraceWriter());
  if (value !== undefined) {
    if (kind === "action") convertActionTemplate(context, value, ALL_ERRORS);
    else await convertWorkflowTemplate(context, value, undefined, ALL_ERRORS);
  }
  return { context, token: value, errors: context.errors.getErrors().map(at) };
}

// The errors of the parser begin with the file and the line, if it knows them.
function at(error) {
  const start = error.range?.start;
  return start && !error.message.includes("(Line:") ? `(Line: ${start.line}, Col: ${start.column}) ${error.message}` : error.message;
}

function plain(context, token) {
  if (isMapping(token)) {
    const pairs = [...token].map(({ key, value }) => [`${key}`, key.value === "if" ? condition(context, value) : plain(context, value)]);
    const found = Object.fromEntries(pairs);
    const runs = "steps" in found || "uses" in found || "run" in found; // a job, a step, or the `runs` of an action
    return runs && !("if" in found) ? { ...found, if: { expression: "success()" } } : found;
  }
  if (isSequence(token)) return Array.from(token, (item) => plain(context, item));
  if (isBasicExpression(token)) return { expression: token.expression };
  if (isString(token) || isNumber(token) || isBoolean(token)) return token.value;
  return null;
}

function condition(context, token) {
  return { expression: convertToIfCondition(context, token)?.expression ?? "false" };
}

function evaluate({ expression, contexts, status }) {
  const functions = STATUS.map((name) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(name === "always" || status[name]),
  }));
  const known = JSON.parse(JSON.stringify(contexts), data.reviver);
  const parsed = new Parser(new Lexer(expression).lex().tokens, Object.keys(contexts), functions).parse();
  const value = new Evaluator(parsed, known, new Map(functions.map((one) => [one.name, one]))).evaluate();
  return { value: JSON.parse(JSON.stringify(value, data.replacer)) };
}

async function answer(line) {
  try {
    const request = JSON.parse(line);
    return request.do === "parse" ? await parse(request) : evaluate(request);
  } catch (error) {
    return { errors: [error.message] };
  }
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
  }
}

main();
