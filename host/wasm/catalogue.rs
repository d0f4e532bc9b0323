//! Every kernel a guest can call, as the text of the interface states it: that text is in the binary, so the list cannot differ from it.

use super::component_check::is_built;

/// One function of an interface that computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Name of the interface.
    pub interface: &'static str,
    /// Name of the function, after its resource's name and a dot where it is a method.
    pub name: String,
    /// Parameters and result, as in the interface.
    pub signature: String,
    /// Element types of the operands, from the line that begins with `Dtypes:` in the function's documentation or else its interface's.
    pub dtypes: Vec<String>,
    /// What it computes: the first sentence of its documentation.
    pub summary: String,
}

/// The devices that every kernel of this build runs on.
pub const DEVICES: [&str; 1] = ["cpu"];

/// The interfaces that compute. `job`, `data`, `artifacts`, `checkpoints`, `requests`, `streams` and `sessions` move things about.
const INTERFACES: [(&str, &str); 12] = [
    ("tensors", include_str!("../../wit/tensors.wit")),
    ("formulas", include_str!("../../wit/formulas.wit")),
    ("linalg", include_str!("../../wit/linalg.wit")),
    ("neighbors", include_str!("../../wit/neighbors.wit")),
    ("select", include_str!("../../wit/select.wit")),
    ("sparse", include_str!("../../wit/sparse.wit")),
    ("random", include_str!("../../wit/random.wit")),
    ("nn", include_str!("../../wit/nn.wit")),
    ("losses", include_str!("../../wit/losses.wit")),
    ("trees", include_str!("../../wit/trees.wit")),
    ("factorization", include_str!("../../wit/factorization.wit")),
    ("forest", include_str!("../../wit/forest.wit")),
];

/// All kernels of this build, in the order of the interfaces' texts.
pub fn kernels() -> Vec<Kernel> {
    let built = INTERFACES.iter().filter(|(interface, _)| is_built(interface));
    built.flat_map(|(interface, text)| functions(interface, text)).collect()
}

/// The functions of one interface. Its text is our own and formatted: a declaration begins on a line of its own and ends with `;`.
fn functions(interface: &'static str, text: &str) -> Vec<Kernel> {
    let (mut found, mut docs, mut resource) = (Vec::new(), String::new(), None);
    let mut usual_dtypes = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if let Some(doc) = line.strip_prefix("///") {
            docs.push_str(doc);
            docs.push('\n');
            continue;
        }
        if line.starts_with("interface ") {
            usual_dtypes = dtypes(&docs);
        } else if let Some(rest) = line.strip_prefix("resource ") {
            resource = rest.split([' ', '{', ';']).next().filter(|_| !rest.ends_with(';'));
        } else if line == "}" {
            resource = None;
        } else if let Some((name, signature)) = line.split_once(": ").filter(|(_, rest)| is_function(rest)) {
            let mut signature = signature.to_owned();
            while !signature.ends_with(';') {
                let Some(more) = lines.next() else { break };
                signature = format!("{signature} {more}");
            }
            let name = resource.map_or_else(|| name.to_owned(), |resource| format!("{resource}.{name}"));
            let dtypes = Some(dtypes(&docs)).filter(|own| !own.is_empty()).unwrap_or_else(|| usual_dtypes.clone());
            found.push(Kernel { interface, name, signature: shown(&signature), dtypes, summary: summary(&docs) });
        }
        if !line.starts_with('@') {
            docs.clear();
        }
    }
    found
}

fn is_function(declaration: &str) -> bool {
    declaration.starts_with("func(") || declaration.starts_with("static func(")
}

/// `func(a: borrow<tensor>) -> …;` as `(a: borrow<tensor>) -> …`.
fn shown(signature: &str) -> String {
    signature
        .trim_start_matches("static ")
        .trim_start_matches("func")
        .trim_end_matches(';')
        .replace("( ", "(")
        .replace(", )", ")")
        .replace(" )", ")")
}

fn dtypes(docs: &str) -> Vec<String> {
    let line = docs.lines().find_map(|line| line.trim().strip_prefix("Dtypes:")).unwrap_or_default();
    line.trim().trim_end_matches('.').split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn summary(docs: &str) -> String {
    let text = docs.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let end = text.find(". ").unwrap_or_else(|| text.trim_end().trim_end_matches('.').len());
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_and_a_function_over_two_lines_are_read() {
        let text = "/// Things. Dtypes on a line:\n/// Dtypes: any.\n@since(version = 0.1.0)\ninterface i {\n  resource machine {\n    /// Runs it. Fast.\n    /// Dtypes: float32, float64.\n    run: func();\n  }\n\n  \
                    /// Adds.\n  @since(version = 0.1.0)\n  add: func(\n    a: u32,\n    b: u32,\n  ) -> u32;\n}\n";
        let found = functions("i", text);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name.as_str(), found[0].signature.as_str()), ("machine.run", "()"));
        assert_eq!((found[0].dtypes.join(" "), found[0].summary.as_str()), ("float32 float64".to_owned(), "Runs it"));
        assert_eq!((found[1].name.as_str(), found[1].signature.as_str()), ("add", "(a: u32, b: u32) -> u32"));
        assert_eq!((found[1].dtypes.join(" "), found[1].summary.as_str()), ("any".to_owned(), "Adds"));
    }
}
