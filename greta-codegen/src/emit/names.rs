//! Gives variables names that are valid and unambiguous in C++, as close to the author's as possible.
//!
//! A name is unique among those visible where it is declared; blocks beside each other use the same names. Which number
//! a name gets depends only on what is declared before it.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::{Kernel, Structure, VarId};
use crate::ops::{Op, Spelling};
use crate::reserved;

/// The names of one file.
#[derive(Debug)]
pub(super) struct Names {
    /// Names taken in each scope that is open, the file's first.
    scopes: Vec<BTreeSet<String>>,
    vars: BTreeMap<VarId, String>,
    /// Constants in order, then functions in order, then the kernel.
    constants: Vec<String>,
    functions: Vec<String>,
    /// The structs of the kernel's parameters, and their names.
    structures: Vec<(Structure, String)>,
}

impl Names {
    /// Names the kernel's constants and functions; the kernel keeps its own.
    pub(super) fn new(kernel: &Kernel) -> Self {
        let mut file: BTreeSet<String> = reserved::everywhere().map(str::to_owned).collect();
        for row in Op::rows() {
            for spelling in [row.hip, row.cuda] {
                if let Spelling::Call(name) | Spelling::Converted(name) | Spelling::Name(name) = spelling {
                    file.insert(name.to_owned());
                }
            }
        }
        for lanes in [2, 4, 8, 16, 32] {
            file.extend(["f32", "i32", "u32", "bool"].map(|scalar| format!("{scalar}x{lanes}")));
        }
        file.insert(kernel.name.clone());
        let of_headers: BTreeSet<String> = reserved::of_headers().collect();
        let mut names = Self {
            scopes: vec![of_headers, file],
            vars: BTreeMap::new(),
            constants: Vec::new(),
            functions: Vec::new(),
            structures: Vec::new(),
        };
        names.constants = kernel.constants.iter().map(|constant| names.unique(&constant.name)).collect();
        names.functions = kernel.functions.iter().map(|function| names.unique(&function.name)).collect();
        for structure in super::structures::structures(kernel) {
            let name = names.unique(&structure.name);
            names.structures.push((structure, name));
        }
        // Variables may hide what the headers declare, which the text does not call by these names.
        names.scopes[0].clear();
        names
    }

    /// Opens a block.
    pub(super) fn open(&mut self) {
        self.scopes.push(BTreeSet::new());
    }

    /// Closes the innermost block.
    pub(super) fn close(&mut self) {
        self.scopes.pop();
    }

    /// Names a variable that is declared here.
    pub(super) fn declare(&mut self, var: VarId, rust_name: &str) -> String {
        let name = if rust_name.is_empty() { self.numbered() } else { self.unique(rust_name) };
        self.vars.insert(var, name.clone());
        name
    }

    /// Names something of the author's that has no variable: a parameter that is a struct.
    pub(super) fn declare_object(&mut self, rust_name: &str) -> String {
        self.unique(rust_name)
    }

    /// Gives a variable the name of what stands for it.
    pub(super) fn set(&mut self, var: VarId, name: String) {
        self.vars.insert(var, name);
    }

    /// Names something that has no variable: the counter of a loop that fills an array.
    pub(super) fn declare_counter(&mut self) -> String {
        let letter = ["i", "j", "k"].into_iter().find(|letter| !self.is_taken(letter));
        self.unique(letter.unwrap_or("i"))
    }

    /// The name of a variable that has been declared.
    pub(super) fn var(&self, var: VarId) -> &str {
        self.vars.get(&var).expect("invariant: a verified kernel declares a variable before it is used")
    }

    pub(super) fn constant(&self, index: usize) -> &str {
        &self.constants[index]
    }

    pub(super) fn function(&self, index: usize) -> &str {
        &self.functions[index]
    }

    pub(super) fn structure(&self, structure: &Structure) -> &str {
        let found = self.structures.iter().find(|(other, _)| other == structure);
        &found.expect("invariant: the structs of all parameters are named").1
    }

    fn is_taken(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.contains(name))
    }

    fn take(&mut self, name: String) -> String {
        self.scopes.last_mut().expect("invariant: the file's scope is open").insert(name.clone());
        name
    }

    fn unique(&mut self, rust_name: &str) -> String {
        let name = valid(rust_name);
        let free = std::iter::once(name.clone())
            .chain((1..).map(|number| format!("{name}_{number}")))
            .find(|name| !self.is_taken(name));
        self.take(free.expect("invariant: numbers do not run out"))
    }

    fn numbered(&mut self) -> String {
        let free = (0..).map(|number| format!("t{number}")).find(|name| !self.is_taken(name));
        self.take(free.expect("invariant: numbers do not run out"))
    }
}

/// A field's name in C++: Rust's, unless C++ takes it.
pub(super) fn member(rust_name: &str) -> String {
    let name = valid(rust_name);
    let taken = reserved::everywhere().any(|reserved| reserved == name);
    if taken { format!("{name}_") } else { name }
}

/// A Rust name without what C++ does not take in any place.
fn valid(rust_name: &str) -> String {
    let name = rust_name.strip_prefix("r#").unwrap_or(rust_name);
    match reserved::is_of_compilers(name) {
        true => format!("k{}", name.trim_start_matches('_')),
        false => name.to_owned(),
    }
}
