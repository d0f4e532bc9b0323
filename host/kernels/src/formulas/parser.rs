//! Formulas to graphs, by operator precedence; loosest first: `or`, `and`, `not`, comparisons, `+ -`, `* /`, unary `-`, `^`.

use super::graph::{Graph, NodeId, TooLarge};
use super::lexer::{Lexer, MAX_TEXT, Token, is_name, marked, marked_with};
use super::operation::Operation;
use crate::error::{Error, Result};

/// The most inputs of a formula.
pub(super) const MAX_INPUTS: usize = 32;
/// How deep parentheses, calls and prefixes can be nested; the parser recurses.
const MAX_DEPTH: usize = 100;

/// What a function's name stands for.
#[derive(Clone, Copy)]
enum Function {
    Plain(Operation),
    Relu,
    Square,
    Clamp,
}

const FUNCTIONS: [(&str, Function); 25] = [
    ("abs", Function::Plain(Operation::Abs)),
    ("sign", Function::Plain(Operation::Sign)),
    ("floor", Function::Plain(Operation::Floor)),
    ("ceil", Function::Plain(Operation::Ceil)),
    ("round", Function::Plain(Operation::Round)),
    ("trunc", Function::Plain(Operation::Trunc)),
    ("sqrt", Function::Plain(Operation::Sqrt)),
    ("exp", Function::Plain(Operation::Exp)),
    ("expm1", Function::Plain(Operation::Expm1)),
    ("log", Function::Plain(Operation::Log)),
    ("log1p", Function::Plain(Operation::Log1p)),
    ("sin", Function::Plain(Operation::Sin)),
    ("cos", Function::Plain(Operation::Cos)),
    ("tan", Function::Plain(Operation::Tan)),
    ("tanh", Function::Plain(Operation::Tanh)),
    ("sigmoid", Function::Plain(Operation::Sigmoid)),
    ("softplus", Function::Plain(Operation::Softplus)),
    ("relu", Function::Relu),
    ("square", Function::Square),
    ("isnan", Function::Plain(Operation::IsNan)),
    ("min", Function::Plain(Operation::Min)),
    ("max", Function::Plain(Operation::Max)),
    ("pow", Function::Plain(Operation::Power)),
    ("where", Function::Plain(Operation::Where)),
    ("clamp", Function::Clamp),
];
const WORDS: [&str; 3] = ["and", "or", "not"];
const CONSTANTS: [(&str, f64); 3] = [("pi", std::f64::consts::PI), ("inf", f64::INFINITY), ("nan", f64::NAN)];

/// The names in `inputs`, distinct and usable.
pub(super) fn parse_inputs(inputs: &str) -> Result<Vec<String>> {
    if inputs.len() > MAX_TEXT {
        return Err(Error::bad(format!("compile: the inputs' names take {} bytes, at most {MAX_TEXT} are possible", inputs.len())));
    }
    let mut names: Vec<String> = Vec::new();
    for name in inputs.split_ascii_whitespace() {
        let at = name.as_ptr() as usize - inputs.as_ptr() as usize;
        if !is_name(name) {
            let what = format!("input name '{}' is not letters, digits and '_' after a letter or '_',", name.escape_debug());
            return Err(marked(inputs, at, &what));
        }
        if WORDS.contains(&name) || FUNCTIONS.iter().any(|f| f.0 == name) || CONSTANTS.iter().any(|c| c.0 == name) {
            return Err(marked(inputs, at, &format!("input name '{name}' means something else in formulas,")));
        }
        if names.iter().any(|known| known == name) {
            return Err(marked(inputs, at, &format!("input name '{name}' given twice, again")));
        }
        if names.len() == MAX_INPUTS {
            return Err(marked(inputs, at, &format!("more than {MAX_INPUTS} inputs, the first too many")));
        }
        names.push(name.to_string());
    }
    Ok(names)
}

/// The graph of a formula over these inputs.
pub(super) fn parse(inputs: &[String], text: &str) -> Result<Graph> {
    if text.len() > MAX_TEXT {
        return Err(Error::bad(format!("compile: the formula has {} bytes, at most {MAX_TEXT} are possible", text.len())));
    }
    let mut lexer = Lexer::new(text);
    let (token, at) = lexer.next()?;
    let mut parser = Parser { text, inputs, lexer, token, at, depth: 0, graph: Graph::default() };
    let root = parser.expression(0)?;
    if parser.token != Token::End {
        return Err(parser.unexpected("an operator"));
    }
    parser.graph.finish(root);
    Ok(parser.graph)
}

/// How tightly operators bind.
mod power {
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const NOT: u8 = 3;
    pub(super) const COMPARE: u8 = 4;
    pub(super) const SUM: u8 = 5;
    pub(super) const PRODUCT: u8 = 6;
    pub(super) const NEGATE: u8 = 7;
    pub(super) const POWER: u8 = 8;
}

struct Parser<'t> {
    text: &'t str,
    inputs: &'t [String],
    lexer: Lexer<'t>,
    /// The token to be read next, and where it begins.
    token: Token<'t>,
    at: usize,
    depth: usize,
    graph: Graph,
}

impl<'t> Parser<'t> {
    /// An expression of operators that bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Result<NodeId> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(&format!("nested deeper than {MAX_DEPTH}")));
        }
        self.depth += 1;
        let mut left = self.operand(least)?;
        while let Some((strength, operation, swapped)) = self.operator() {
            if strength < least {
                break;
            }
            let at = self.at;
            self.advance()?;
            // Powers group to the right, everything else to the left.
            let right = self.expression(if strength == power::POWER { power::NEGATE } else { strength + 1 })?;
            let operands = if swapped { [right, left] } else { [left, right] };
            left = self.apply(at, operation, &operands)?;
            if strength == power::COMPARE && self.operator().is_some_and(|next| next.0 == power::COMPARE) {
                return Err(self.error("comparisons do not chain, write a < b and b < c; second comparison"));
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    /// The operator that comes next: its strength, its operation, and whether its operands change places.
    fn operator(&self) -> Option<(u8, Operation, bool)> {
        let (Token::Symbol(symbol) | Token::Name(symbol)) = self.token else { return None };
        Some(match symbol {
            "or" => (power::OR, Operation::Or, false),
            "and" => (power::AND, Operation::And, false),
            "<" => (power::COMPARE, Operation::Less, false),
            "<=" => (power::COMPARE, Operation::LessEqual, false),
            ">" => (power::COMPARE, Operation::Less, true),
            ">=" => (power::COMPARE, Operation::LessEqual, true),
            "==" => (power::COMPARE, Operation::Equal, false),
            "!=" => (power::COMPARE, Operation::NotEqual, false),
            "+" => (power::SUM, Operation::Add, false),
            "-" => (power::SUM, Operation::Subtract, false),
            "*" => (power::PRODUCT, Operation::Multiply, false),
            "/" => (power::PRODUCT, Operation::Divide, false),
            "^" => (power::POWER, Operation::Power, false),
            _ => return None,
        })
    }

    fn operand(&mut self, least: u8) -> Result<NodeId> {
        let (token, at) = (self.token, self.at);
        match token {
            Token::Number(value) => {
                self.advance()?;
                self.number(at, value)
            }
            Token::Symbol("-") => {
                self.advance()?;
                let operand = self.expression(power::NEGATE)?;
                self.apply(at, Operation::Negate, &[operand])
            }
            Token::Symbol("(") => {
                self.advance()?;
                let inner = self.expression(0)?;
                self.close(at)?;
                Ok(inner)
            }
            Token::Name("not") => {
                if least > power::NOT {
                    return Err(self.error("'not' binds looser than what is before it, put it in parentheses;"));
                }
                self.advance()?;
                let operand = self.expression(power::NOT)?;
                self.apply(at, Operation::Not, &[operand])
            }
            Token::Name("and" | "or") => Err(self.unexpected("a number, a name or '('")),
            Token::Name(name) => {
                self.advance()?;
                if self.token == Token::Symbol("(") { self.call(name, at) } else { self.named(name, at) }
            }
            Token::Symbol(_) | Token::End => Err(self.unexpected("a number, a name or '('")),
        }
    }

    fn named(&mut self, name: &str, at: usize) -> Result<NodeId> {
        if let Some(position) = self.inputs.iter().position(|input| input == name) {
            return self.graph.input(position as u8).map_err(|TooLarge| self.too_large(at));
        }
        if let Some((_, value)) = CONSTANTS.iter().find(|constant| constant.0 == name) {
            return self.number(at, *value);
        }
        if FUNCTIONS.iter().any(|function| function.0 == name) {
            return Err(marked(self.text, at, &format!("function '{name}' without its operands")));
        }
        let known = if self.inputs.is_empty() { "pi inf nan".to_string() } else { self.inputs.join(" ") };
        Err(marked_with(self.text, at, &format!("unknown name '{name}'"), &format!(", known are: {known}")))
    }

    fn call(&mut self, name: &str, at: usize) -> Result<NodeId> {
        let Some((_, function)) = FUNCTIONS.iter().find(|function| function.0 == name) else {
            let what = if self.inputs.iter().any(|input| input == name) { "is an input, no function," } else { "is no function" };
            let known: Vec<&str> = FUNCTIONS.iter().map(|function| function.0).collect();
            return Err(marked_with(self.text, at, &format!("'{name}' {what}"), &format!(", known are: {}", known.join(" "))));
        };
        let wanted = match function {
            Function::Plain(operation) => operation.arity(),
            Function::Relu | Function::Square => 1,
            Function::Clamp => 3,
        };
        let open = self.at;
        self.advance()?;
        let mut operands = [0; 3];
        let mut given = 0;
        while self.token != Token::Symbol(")") {
            let operand = self.expression(0)?;
            if let Some(place) = operands.get_mut(given) {
                *place = operand;
            }
            given += 1;
            if self.token != Token::Symbol(",") {
                break;
            }
            self.advance()?;
        }
        self.close(open)?;
        if given != wanted {
            return Err(marked(self.text, at, &format!("'{name}' takes {wanted} operands, {given} given,")));
        }
        self.function(at, *function, &operands[..given])
    }

    fn function(&mut self, at: usize, function: Function, operands: &[NodeId]) -> Result<NodeId> {
        match function {
            Function::Plain(operation) => self.apply(at, operation, operands),
            Function::Square => self.apply(at, Operation::Multiply, &[operands[0], operands[0]]),
            Function::Relu => {
                let zero = self.number(at, 0.0)?;
                self.apply(at, Operation::Max, &[operands[0], zero])
            }
            Function::Clamp => {
                let raised = self.apply(at, Operation::Max, &operands[..2])?;
                self.apply(at, Operation::Min, &[raised, operands[2]])
            }
        }
    }

    fn close(&mut self, open: usize) -> Result<()> {
        match self.token {
            Token::Symbol(")") => self.advance(),
            Token::End => Err(marked(self.text, open, "parenthesis not closed, opened")),
            _ => Err(self.unexpected("an operator, ',' or ')'")),
        }
    }

    fn advance(&mut self) -> Result<()> {
        (self.token, self.at) = self.lexer.next()?;
        Ok(())
    }

    fn number(&mut self, at: usize, value: f64) -> Result<NodeId> {
        self.graph.number(value).map_err(|TooLarge| self.too_large(at))
    }

    fn apply(&mut self, at: usize, operation: Operation, operands: &[NodeId]) -> Result<NodeId> {
        self.graph.apply(operation, operands).map_err(|TooLarge| self.too_large(at))
    }

    fn unexpected(&self, wanted: &str) -> Error {
        self.error(&format!("{wanted} expected, {} found", self.token))
    }

    fn error(&self, what: &str) -> Error {
        marked(self.text, self.at, what)
    }

    fn too_large(&self, at: usize) -> Error {
        let most = super::graph::MAX_NODES;
        marked(self.text, at, &format!("more than {most} operations, inputs and numbers; make two formulas of it; the first too many"))
    }
}
