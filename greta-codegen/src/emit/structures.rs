//! Writes struct parameters: the structs themselves, and the parameters whose members stand for the IR's scalars.

use super::Writer;
use super::dialect::type_name;
use crate::ir::{Kernel, Shape, StructParam, Structure};

/// The structs that a kernel's parameters are made of, each once and before those that hold it.
pub(super) fn structures(kernel: &Kernel) -> Vec<Structure> {
    let mut list = Vec::new();
    for parameter in &kernel.structures {
        add(&parameter.structure, &mut list);
    }
    list
}

fn add(structure: &Structure, list: &mut Vec<Structure>) {
    for field in &structure.fields {
        if let (_, Shape::Structure(inner)) = dimensions(&field.shape) {
            add(inner, list);
        }
    }
    if !list.contains(structure) {
        list.push(structure.clone());
    }
}

/// `[4][2]`, and what the array is of.
fn dimensions(shape: &Shape) -> (String, &Shape) {
    match shape {
        Shape::Array(count, element) => {
            let (inner, element) = dimensions(element);
            (format!("[{count}]{inner}"), element)
        }
        other => (String::new(), other),
    }
}

impl Writer<'_> {
    /// The structs' definitions.
    pub(super) fn structures(&mut self) {
        let location = Some(self.kernel.location);
        for structure in structures(self.kernel) {
            self.lines.blank();
            self.lines.text(format!("struct {} {{", self.names.structure(&structure)), location);
            self.lines.indent();
            for field in &structure.fields {
                let (dimensions, element) = dimensions(&field.shape);
                let ty = match element {
                    Shape::Structure(inner) => self.names.structure(inner).to_owned(),
                    Shape::Scalar(ty) => {
                        self.uses_type(*ty);
                        type_name(*ty)
                    }
                    Shape::Array(..) => unreachable!("invariant: the dimensions were taken off"),
                };
                let name = super::names::member(&field.name);
                self.lines.text(format!("{ty} {name}{dimensions};"), location);
            }
            self.lines.outdent();
            self.lines.text("};", location);
        }
    }

    /// The type and the name of a parameter that is a struct.
    pub(super) fn struct_param(&mut self, parameter: &StructParam) -> (String, String) {
        let name = self.names.declare_object(&parameter.name);
        for (leaf, &var) in parameter.structure.leaves().iter().zip(&self.kernel.params[parameter.first..]) {
            let member = |part: &str| {
                let (field, index) = part.split_at(part.find('[').unwrap_or(part.len()));
                super::names::member(field) + index
            };
            let path: Vec<String> = leaf.path.split('.').map(member).collect();
            self.names.set(var, format!("{name}{}", path.join(".")));
        }
        (self.names.structure(&parameter.structure).to_owned(), name)
    }
}
