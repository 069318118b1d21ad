//! Writes `printf`: how each type of value stands in its format, and what it is passed as.
//!
//! Floats get as many digits as tell all values of their type apart.

use super::Writer;
use super::expressions::level;
use super::literal::Context;
use super::scalars::builtin;
use super::text::Doc;
use crate::ir::{Expr, ExprKind, Location, Message, Scalar, Type};

/// What `printf` does with a value.
struct Printing {
    format: &'static str,
    passed: Passed,
}

/// What a value is passed to `printf` as.
enum Passed {
    /// As it is: C++ widens it to `int` or `double`.
    Itself,
    /// As the built-in type of its width: the type of that name is another one on some compilers.
    Builtin,
    /// As the `float` that it stands for.
    Float,
    /// As a word.
    Truth,
}

fn printing(scalar: Scalar) -> Printing {
    let (format, passed) = match scalar {
        Scalar::Bool => ("%s", Passed::Truth),
        Scalar::I8 | Scalar::I16 | Scalar::I32 => ("%d", Passed::Itself),
        Scalar::U8 | Scalar::U16 | Scalar::U32 => ("%u", Passed::Itself),
        Scalar::I64 => ("%lld", Passed::Builtin),
        Scalar::U64 => ("%llu", Passed::Builtin),
        Scalar::F64 => ("%.17g", Passed::Itself),
        Scalar::F32 => ("%.9g", Passed::Itself),
        Scalar::F16 => ("%.5g", Passed::Float),
        Scalar::Bf16 => ("%.4g", Passed::Float),
        Scalar::Fp8 => ("%.3g", Passed::Float),
        Scalar::Bf8 => ("%.2g", Passed::Float),
    };
    Printing { format, passed }
}

impl Writer<'_> {
    /// `printf` and, if the kernel fails with it, a trap.
    pub(super) fn print(&mut self, message: &Message, location: Location) {
        let place = if message.fails { format!("{}:{}: ", location.file, location.line) } else { String::new() };
        let mut format = text(&place);
        for (index, piece) in message.text.iter().enumerate() {
            format.push_str(&text(piece));
            if let Some(value) = message.values.get(index) {
                format.push_str(printing(value.ty.scalar).format);
            }
        }
        let mut arguments = vec![Doc::text(format!("\"{format}\\n\""))];
        arguments.extend(message.values.iter().map(|value| self.passed(value)));
        self.line(Doc::list("printf(", arguments, ")"), location);
        if message.fails {
            self.line(Doc::text(self.dialect.trap), location);
        }
    }

    fn passed(&mut self, value: &Expr) -> Doc {
        let scalar = value.ty.scalar;
        match printing(scalar).passed {
            Passed::Itself => self.typed(value),
            Passed::Builtin => {
                let operand = self.expr(value, Context::Typed).at_least(level::PREFIX);
                Doc::join([Doc::text(format!("({})", builtin(scalar))), operand])
            }
            Passed::Float => {
                let kind = ExprKind::Cast(Box::new(value.clone()));
                self.typed(&Expr { kind, ty: Type::F32, location: value.location })
            }
            Passed::Truth => {
                let condition = self.expr(value, Context::Bare).at_least(level::SELECT + 1);
                Doc::join([condition, Doc::text(" ? \"true\" : \"false\"")])
            }
        }
    }
}

/// Text inside of a C string that `printf` takes as its format.
fn text(text: &str) -> String {
    text.escape_default().to_string().replace("\\'", "'").replace("\\u{", "?{").replace('%', "%%")
}
