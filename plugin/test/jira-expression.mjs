// Evaluates the few constructs of Jira expressions that the Stage gate uses, and refuses all others.
//
// Sources: "Jira expressions" (static and computed member access, optional chaining; last updated 2026-05-18), "Jira
// expressions grammar" (`let`, `?:`, `??`, `==`, `!=`, `+`; 2026-04-17), "Jira expressions types" (`reduce` of a list),
// all on developer.atlassian.com/cloud/jira/software, stored copies seen on 2026-11-23.
//
// Limits. Where the documentation leaves a choice, this takes the stricter one, so that what passes here does not hang
// on it: `.` and `[]` on null or on a missing key are errors, only `?.` and `?.[]` give null, and they don't shorten
// the rest of a chain; a condition must be a boolean; `+` joins two strings and nothing else; `==` of two kinds is
// false. It checks no types beforehand, counts no expensive operations, and has none of Jira's types but JSON's.

const TOKEN = /\s*(?:(\d+)|'((?:[^'\\]|\\.)*)'|([A-Za-z_$][\w$]*)|(=>|\?\.|\?\?|==|!=|[?:;=+.,()[\]])|(\S))/gy;
const LITERALS = { null: null, true: true, false: false };
const METHODS = { reduce: (list, [step, first]) => list.reduce((all, item) => step(all, item), first) };

export class ExpressionError extends Error {}

export function tokens(text) {
  return [...text.trim().matchAll(TOKEN)].map(([, number, string, name, sign, other]) => {
    if (other !== undefined) {
      throw new ExpressionError(`unknown sign ${other}`);
    }
    if (number !== undefined) return { kind: 'literal', value: Number(number) };
    if (string !== undefined) return { kind: 'literal', value: string.replace(/\\(.)/g, '$1') };
    if (name in LITERALS) return { kind: 'literal', value: LITERALS[name] };
    return name === undefined ? { kind: 'sign', value: sign } : { kind: 'name', value: name };
  });
}

/** Evaluate an expression; throws ExpressionError where Jira's evaluation might fail. */
export function evaluate(text, context) {
  const parser = new Parser(tokens(text));
  return parser.program()(new Map(Object.entries(context)));
}

class Parser {
  constructor(list) {
    this.list = list;
    this.at = 0;
  }

  is(value, ahead = 0) {
    const token = this.list[this.at + ahead];
    return token !== undefined && token.kind !== 'literal' && token.value === value;
  }

  take(value) {
    const taken = this.is(value);
    this.at += taken ? 1 : 0;
    return taken;
  }

  expect(value) {
    if (!this.take(value)) {
      throw new ExpressionError(`${value} expected, ${this.list[this.at]?.value ?? 'the end'} found`);
    }
  }

  name() {
    const token = this.list[this.at++];
    if (token?.kind !== 'name') {
      throw new ExpressionError(`a name expected, ${token?.value ?? 'the end'} found`);
    }
    return token.value;
  }

  program() {
    const lets = [];
    while (this.take('let')) {
      const name = this.name();
      this.expect('=');
      lets.push([name, this.expression()]);
      this.expect(';');
    }
    const body = this.expression();
    if (this.at < this.list.length) {
      throw new ExpressionError(`the end expected, ${this.list[this.at].value} found`);
    }
    return (scope) => body(lets.reduce((known, [name, value]) => new Map(known).set(name, value(known)), scope));
  }

  expression() {
    const condition = this.nullish();
    if (!this.take('?')) {
      return condition;
    }
    const yes = this.expression();
    this.expect(':');
    const no = this.expression();
    return (scope) => (boolean(condition(scope)) ? yes(scope) : no(scope));
  }

  nullish() {
    const left = this.equality();
    if (!this.take('??')) {
      return left;
    }
    const right = this.nullish();
    return (scope) => left(scope) ?? right(scope);
  }

  equality() {
    const left = this.sum();
    for (const [sign, wanted] of [['==', true], ['!=', false]]) {
      if (this.take(sign)) {
        const right = this.sum();
        return (scope) => (left(scope) === right(scope)) === wanted;
      }
    }
    return left;
  }

  sum() {
    let left = this.access();
    while (this.take('+')) {
      const [first, second] = [left, this.access()];
      left = (scope) => joined(first(scope), second(scope));
    }
    return left;
  }

  access() {
    let value = this.primary();
    for (;;) {
      const isSafe = this.take('?.');
      if (this.is('[')) {
        this.expect('[');
        value = member(value, this.expression(), isSafe);
        this.expect(']');
      } else if (isSafe || this.take('.')) {
        const name = this.name();
        value = this.is('(') ? method(value, name, this.listed()) : member(value, () => name, isSafe);
      } else {
        return value;
      }
    }
  }

  listed() {
    const found = [];
    this.expect('(');
    do {
      found.push(this.expression());
    } while (this.take(','));
    this.expect(')');
    return found;
  }

  primary() {
    const lambda = this.lambda();
    if (lambda !== null) {
      return lambda;
    }
    if (this.take('(')) {
      const inner = this.expression();
      this.expect(')');
      return inner;
    }
    const token = this.list[this.at++];
    if (token?.kind === 'literal') {
      return () => token.value;
    }
    if (token?.kind !== 'name') {
      throw new ExpressionError(`a value expected, ${token?.value ?? 'the end'} found`);
    }
    return (scope) => variable(scope, token.value);
  }

  /** `(a, b) => …`; null if something else stands here. */
  lambda() {
    if (!(this.is('(') && this.is(',', 2) && this.is(')', 4) && this.is('=>', 5))) {
      return null;
    }
    const names = [this.list[this.at + 1].value, this.list[this.at + 3].value];
    this.at += 6;
    const body = this.expression();
    return (scope) => (...values) => body(new Map([...scope, ...names.map((name, i) => [name, values[i]])]));
  }
}

function boolean(value) {
  if (typeof value !== 'boolean') {
    throw new ExpressionError(`a condition must be true or false, not ${JSON.stringify(value)}`);
  }
  return value;
}

function joined(first, second) {
  if (typeof first !== 'string' || typeof second !== 'string') {
    throw new ExpressionError(`only strings can be joined, not ${JSON.stringify([first, second])}`);
  }
  return first + second;
}

function variable(scope, name) {
  if (!scope.has(name)) {
    throw new ExpressionError(`unknown variable ${name}`);
  }
  return scope.get(name);
}

function member(value, key, isSafe) {
  return (scope) => {
    const [holder, name] = [value(scope), key(scope)];
    if (holder === null && isSafe) {
      return null;
    }
    if (holder === null || typeof holder !== 'object' || Array.isArray(holder) || typeof name !== 'string') {
      throw new ExpressionError(`${JSON.stringify(holder)} has no member ${JSON.stringify(name)}`);
    }
    if (!Object.hasOwn(holder, name) && !isSafe) {
      throw new ExpressionError(`there is no ${name}`);
    }
    return Object.hasOwn(holder, name) ? holder[name] : null;
  };
}

function method(value, name, given) {
  return (scope) => {
    const list = value(scope);
    if (!Array.isArray(list) || !Object.hasOwn(METHODS, name)) {
      throw new ExpressionError(`${JSON.stringify(list)} has no method ${name}`);
    }
    return METHODS[name](list, given.map((argument) => argument(scope)));
  };
}
