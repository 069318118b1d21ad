//! Random kernels, shaped as the tracer makes them, mean the same before and after the passes, in every order that C++
//! may choose.

use proptest::prelude::*;

use super::evaluate::{Order, Stopped, evaluate};
use crate::ir::{Argument, Expr, FunctionId, Op, StmtKind, Type, VarId, VarKind};
use crate::passes::lower;
use crate::target::GFX942;
use crate::testing::*;

/// Makes a kernel out of bytes: each decides one thing.
struct Generator {
    build: Build,
    bytes: std::vec::IntoIter<u8>,
    /// Values and truths that can be used here.
    values: Vec<Expr>,
    truths: Vec<Expr>,
    variables: Vec<VarId>,
    /// Buffers, which can be passed to a function, and all that has elements.
    buffers: Vec<VarId>,
    objects: Vec<VarId>,
    functions: Vec<FunctionId>,
    depth: u32,
    loops: u32,
}

impl Generator {
    fn byte(&mut self) -> usize {
        self.bytes.next().unwrap_or(0).into()
    }

    fn pick<T: Clone>(&mut self, from: fn(&Self) -> &Vec<T>) -> T {
        let byte = self.byte();
        let all = from(self);
        all[byte % all.len()].clone()
    }

    fn value(&mut self) -> Expr {
        if self.byte().is_multiple_of(4) { u(u32::try_from(self.byte() % 8).expect("small")) } else { self.recent() }
    }

    /// A value, more often one that was just made.
    fn recent(&mut self) -> Expr {
        let back = (self.byte() % 4).min(self.values.len() - 1);
        if self.byte().is_multiple_of(2) {
            self.values[self.values.len() - 1 - back].clone()
        } else {
            self.pick(|g| &g.values)
        }
    }

    fn index(&mut self) -> Expr {
        let value = self.recent();
        self.build.temp(op(Op::BitAnd, [value, u(7)]))
    }

    fn keep(&mut self, value: Expr) {
        let named = self.byte().is_multiple_of(5);
        let value = self.build.temp(value);
        let value = if named { self.build.bind("named", value) } else { value };
        self.values.push(value);
    }

    fn truth(&mut self) -> Expr {
        let (a, b) = (self.value(), self.value());
        let truth = self.build.temp(lt(a, b));
        self.truths.push(truth.clone());
        truth
    }

    fn statements(&mut self) {
        let (values, truths, variables) = (self.values.len(), self.truths.len(), self.variables.len());
        self.depth += 1;
        for _ in 0..=self.byte() % 6 {
            self.statement();
        }
        self.depth -= 1;
        self.values.truncate(values);
        self.truths.truncate(truths);
        self.variables.truncate(variables);
    }

    fn nested(&mut self, fill: impl FnOnce(&mut Self)) -> Vec<crate::ir::Stmt> {
        self.build.open();
        fill(self);
        self.build.close()
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each sort of statement")]
    fn statement(&mut self) {
        match self.byte() % 16 {
            0 | 1 => {
                let (a, b) = (self.value(), self.value());
                let op_ = [Op::Add, Op::Mul, Op::BitXor, Op::Rem][self.byte() % 4];
                let value = op(op_, [a, b]);
                self.keep(value);
            }
            2 | 3 => {
                let (buffer, index) = (self.pick(|g| &g.objects), self.index());
                let value = self.build.load(buffer, [index]);
                self.keep(value);
            }
            4 => {
                let variable = self.pick(|g| &g.variables);
                let value = self.build.read(variable);
                self.keep(value);
            }
            5 => {
                let (variable, value) = (self.pick(|g| &g.variables), self.recent());
                self.build.assign(variable, value);
            }
            6 | 7 => {
                let (buffer, index, value) = (self.pick(|g| &g.objects), self.index(), self.recent());
                self.build.store(buffer, [index], value);
            }
            8 => {
                // `buffer[index] += value`, as the tracer records it.
                let (buffer, index, value) = (self.pick(|g| &g.objects), self.index(), self.recent());
                let old = self.build.temp(self.build.load(buffer, [index.clone()]));
                let new = self.build.temp(add(old, value));
                self.build.store(buffer, [index], new);
            }
            9 => {
                let value = self.recent();
                self.keep(op(Op::ShuffleXor, [value, u(1)]));
            }
            10 => self.call(),
            11 => self.build.barrier(),
            12 => {
                let value = self.recent();
                let variable = self.build.bind_mut("variable", value);
                self.variables.push(variable);
            }
            13 => self.short_circuit(),
            14 => self.choice(),
            _ if self.depth < 4 => self.control(),
            _ => {}
        }
    }

    fn call(&mut self) {
        let function = self.pick(|g| &g.functions);
        let params = self.build.kernel.function(function).params.clone();
        let arguments = params
            .into_iter()
            .map(|param| match self.build.kernel.var(param).kind {
                VarKind::Mut => Argument::Object(self.pick(|g| &g.variables)),
                VarKind::Global { .. } => Argument::Object(self.pick(|g| &g.buffers)),
                _ => Argument::Value(self.recent()),
            })
            .collect();
        let call = self.build.call(function, arguments);
        if self.build.kernel.function(function).result.is_some() {
            self.keep(call);
        } else {
            self.build.push(StmtKind::Eval(call));
        }
    }

    fn short_circuit(&mut self) {
        let lhs = self.truth();
        let slot = self.build.bind_mut("", lhs);
        let mut undecided = self.build.read(slot);
        if self.byte().is_multiple_of(2) {
            undecided = self.build.temp(op(Op::Not, [undecided]));
        }
        let (values, truths, variables) = (self.values.len(), self.truths.len(), self.variables.len());
        let block = self.nested(|g| {
            if g.byte().is_multiple_of(2) {
                g.statement();
            }
            let rhs = g.truth();
            g.build.assign(slot, rhs);
        });
        self.values.truncate(values);
        self.truths.truncate(truths);
        self.variables.truncate(variables);
        self.build.push(StmtKind::If(undecided, block, Vec::new()));
        let result = self.build.temp(self.build.read(slot));
        self.truths.push(result);
    }

    fn choice(&mut self) {
        let condition = self.pick_truth();
        let slot = self.build.declare_mut("", Type::U32);
        let (values, truths, variables) = (self.values.len(), self.truths.len(), self.variables.len());
        let sides = [0, 1].map(|_| {
            let side = self.nested(|g| {
                if g.byte().is_multiple_of(2) && g.depth < 4 {
                    g.depth += 1;
                    g.statement();
                    g.depth -= 1;
                }
                let value = g.recent();
                g.build.assign(slot, value);
            });
            self.values.truncate(values);
            self.truths.truncate(truths);
            self.variables.truncate(variables);
            side
        });
        let [then, otherwise] = sides;
        self.build.push(StmtKind::If(condition, then, otherwise));
        let result = self.build.read(slot);
        match self.byte() % 3 {
            0 => {
                let variable = self.pick(|g| &g.variables);
                let value = self.build.temp(result);
                self.build.assign(variable, value);
            }
            _ => self.keep(result),
        }
    }

    fn pick_truth(&mut self) -> Expr {
        if self.truths.is_empty() || self.byte().is_multiple_of(2) { self.truth() } else { self.pick(|g| &g.truths) }
    }

    fn control(&mut self) {
        match self.byte() % 5 {
            0 | 1 => {
                let condition = self.pick_truth();
                let then = self.nested(Self::statements);
                let otherwise = self.nested(Self::statements);
                self.build.push(StmtKind::If(condition, then, otherwise));
            }
            2 => {
                let end = self.recent();
                let counter = self.build.var("c", VarKind::Counter, Type::U32);
                let end = self.build.temp(op(Op::BitAnd, [end, u(3)]));
                let body = self.nested(|g| {
                    g.values.push(g.build.read(counter));
                    g.loops += 1;
                    g.statements();
                    g.loops -= 1;
                    g.values.pop();
                });
                let (start, step) = (u(0), u(1));
                let (includes_end, unroll) = (false, crate::ir::Unroll::Default);
                self.build.push(StmtKind::For { counter, start, end, includes_end, step, unroll, body });
            }
            3 => {
                let variable = self.pick(|g| &g.variables);
                let mut condition = truth(true);
                let before = self.nested(|g| {
                    let value = g.build.temp(g.build.read(variable));
                    let limit = g.recent();
                    condition = g.build.temp(lt(value, limit));
                });
                let body = self.nested(|g| {
                    let value = g.build.temp(g.build.read(variable));
                    let next = g.build.temp(add(value, u(1)));
                    g.build.assign(variable, next);
                    g.loops += 1;
                    g.statements();
                    g.loops -= 1;
                });
                self.build.push(StmtKind::While(before, condition, body));
            }
            _ => {
                let condition = self.pick_truth();
                let jump = match self.byte() % 3 {
                    0 if self.loops > 0 => StmtKind::Break,
                    1 if self.loops > 0 => StmtKind::Continue,
                    _ => StmtKind::Return(None),
                };
                let then = self.nested(|g| g.build.push(jump));
                self.build.push(StmtKind::If(condition, then, Vec::new()));
            }
        }
    }
}

/// Device functions: one that writes what it is given, one that reads and waits, one with memory of its own.
fn functions(build: &mut Build) -> Vec<FunctionId> {
    let value = build.var("value", VarKind::Scalar, Type::U32);
    let sum = build.var("sum", VarKind::Mut, Type::U32);
    let out = build.var("out", VarKind::Global { mutable: true, volatile: false }, Type::U32);
    let writes = build.function("writes", Some(Type::U32), &[value, sum, out], |build| {
        build.assign(sum, add(build.read(sum), build.read(value)));
        build.store(out, [u(3)], build.read(sum));
        build.push(StmtKind::Return(Some(build.read(value))));
    });
    let input = build.var("input", VarKind::Global { mutable: false, volatile: false }, Type::U32);
    let reads = build.function("reads", Some(Type::U32), &[input], |build| {
        build.push(StmtKind::Return(Some(build.load(input, [u(2)]))));
    });
    let given = build.var("given", VarKind::Scalar, Type::U32);
    let waits = build.function("waits", Some(Type::U32), &[given], |build| {
        let shared = build.shared("shared", Type::U32, [u(8)]);
        build.store(shared, [u(1)], build.read(given));
        build.barrier();
        build.push(StmtKind::Return(Some(build.load(shared, [u(1)]))));
    });
    vec![writes, reads, waits]
}

fn kernel(bytes: Vec<u8>) -> crate::ir::Kernel {
    let mut build = Build::new(64);
    let buffers = ["x", "y"].map(|name| build.global(name, Type::U32, true)).to_vec();
    let n = build.scalar("n", Type::U32);
    let functions = functions(&mut build);
    let variable = build.bind_mut("m", u(3));
    let shared = build.shared("tile", Type::U32, [u(8)]);
    let registers = build.register("registers", Type::U32, [u(8)]);
    build.push(StmtKind::Fill(registers, u(0)));
    let mut generator = Generator {
        build,
        bytes: bytes.into_iter(),
        values: vec![n],
        truths: Vec::new(),
        variables: vec![variable],
        objects: [buffers.as_slice(), &[shared, registers]].concat(),
        buffers,
        functions,
        depth: 0,
        loops: 0,
    };
    while generator.bytes.len() > 0 {
        generator.statement();
    }
    let last = generator.recent();
    let buffer = generator.buffers[0];
    generator.build.store(buffer, [u(0)], last);
    generator.build.finish()
}

proptest! {
    #[test]
    fn passes_keep_the_meaning(bytes in proptest::collection::vec(any::<u8>(), 0..160)) {
        let traced = kernel(bytes);
        let before = evaluate(&traced, Order::Rust);
        prop_assume!(before != Err(Stopped::Fault) && before != Err(Stopped::Endless));
        // Barriers under conditions that differ between threads are refused before any pass.
        let Ok(lowered) = lower(traced.clone(), &GFX942) else { return Err(TestCaseError::reject("refused")) };
        for order in [Order::Rust, Order::Cpp { reversed: false }, Order::Cpp { reversed: true }] {
            let after = evaluate(lowered.kernel(), order);
            prop_assert_eq!(&after, &before, "{:?}\n{}", order, crate::emit::hip(&lowered).source);
        }
    }
}
