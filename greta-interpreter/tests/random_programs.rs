//! Random structured programs, compared with running them one thread at a time.
//!
//! They mix what is uniform with what is not: nested branches and loops with breaks, continues and returns, functions
//! that change variables by reference, register arrays, vectors, lazy operands.

mod build;
mod reference;

use build::{Build, E, Random, and, bid, object, op, or, select, tid, value, vector};
use greta_codegen::ir::{FunctionId, Op, StmtKind, Type, Unroll, VarId, VarKind};

/// Elements of the buffer that programs read.
const LENGTH: u32 = 97;

/// A program in the making: what is in scope.
struct Maker {
    random: Random,
    input: VarId,
    output: VarId,
    scope: Scope,
    functions: Vec<FunctionId>,
    in_loop: bool,
    /// What the current function returns; a kernel, nothing.
    returns: bool,
    /// Statements left, to bound the program.
    budget: u32,
}

#[derive(Clone, Default)]
struct Scope {
    values: Vec<E>,
    variables: Vec<VarId>,
    vectors: Vec<VarId>,
    arrays: Vec<VarId>,
}

impl Maker {
    fn below(&mut self, limit: usize) -> usize {
        self.random.next() as usize % limit
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.below(from.len())].clone()) }
    }

    fn leaf(&mut self, b: &Build) -> E {
        let scope = self.scope.clone();
        let found = match self.below(8) {
            0 => Some(tid()),
            1 => Some(bid()),
            2 | 3 => self.pick(&scope.values),
            4 | 5 => self.pick(&scope.variables).map(|id| b.read(id)),
            6 => self.pick(&scope.vectors).map(|id| b.read(id).lane(self.below(4) as u32)),
            _ => None,
        };
        found.unwrap_or_else(|| E::from(self.below(9) as u32))
    }

    fn number(&mut self, b: &Build, depth: u32) -> E {
        if depth == 0 {
            return self.leaf(b);
        }
        let scope = self.scope.clone();
        match self.below(14) {
            0 | 1 => self.number(b, depth - 1) + self.number(b, depth - 1),
            2 => self.number(b, depth - 1) - self.leaf(b),
            3 => self.number(b, depth - 1) * self.leaf(b),
            4 => self.number(b, depth - 1) % (self.below(7) as u32 + 1),
            5 => self.number(b, depth - 1) / (self.leaf(b) % 5_u32 + 1_u32),
            6 => op(Op::BitXor, [self.number(b, depth - 1), self.leaf(b)]),
            7 => b.load(self.input, [self.number(b, depth - 1) % LENGTH]),
            8 => select(self.truth(b, depth - 1), self.number(b, depth - 1), self.number(b, depth - 1)),
            9 => self.truth(b, depth - 1).cast(Type::U32),
            10 => match self.pick(&scope.arrays) {
                Some(array) => b.load(array, [self.number(b, depth - 1) % 5_u32]),
                None => self.leaf(b),
            },
            11 => match self.pick(&scope.vectors) {
                Some(id) => {
                    let sum = b.read(id) + self.vector(b);
                    sum.lane(self.number(b, depth - 1) % 4_u32)
                }
                None => self.leaf(b),
            },
            _ => self.leaf(b),
        }
    }

    fn vector(&mut self, b: &Build) -> E {
        let scope = self.scope.clone();
        match (self.below(3), self.pick(&scope.vectors)) {
            (0, Some(id)) => b.read(id),
            (1, Some(id)) => b.read(id) * build::splat(self.leaf(b), 4),
            _ => vector([self.leaf(b), self.leaf(b), self.leaf(b), self.leaf(b)]),
        }
    }

    fn truth(&mut self, b: &Build, depth: u32) -> E {
        let less = depth.saturating_sub(1);
        match self.below(6) {
            0 if depth > 0 => and(self.truth(b, less), self.truth(b, less)),
            1 if depth > 0 => or(self.truth(b, less), self.truth(b, less)),
            2 => op(Op::Not, [self.truth(b, less.min(1))]),
            // A load that only some threads may do.
            3 => and(tid().lt(LENGTH), b.load(self.input, [tid()]).lt(self.number(b, less))),
            4 => (self.number(b, less) % 3_u32).equals(self.below(3) as u32),
            _ => self.number(b, less).lt(self.leaf(b)),
        }
    }

    fn statements(&mut self, b: &mut Build, depth: u32) {
        let outer = self.scope.clone();
        for _ in 0..2 + self.below(4) {
            if self.budget == 0 {
                break;
            }
            self.budget -= 1;
            self.statement(b, depth);
        }
        self.scope = outer;
    }

    fn statement(&mut self, b: &mut Build, depth: u32) {
        let scope = self.scope.clone();
        match self.below(if depth == 0 { 9 } else { 18 }) {
            0 => {
                let number = self.number(b, 2);
                let kept = b.bind(number);
                self.scope.values.push(kept);
            }
            1 => {
                let number = self.number(b, 2);
                self.scope.variables.push(b.mutable(number));
            }
            2 => {
                let vector = self.vector(b);
                self.scope.vectors.push(b.mutable(vector));
            }
            3 => {
                let array = b.array(false, &[5], Type::U32);
                let number = self.number(b, 1);
                b.push(StmtKind::Fill(array, number.0));
                self.scope.arrays.push(array);
            }
            4 => {
                if let Some(id) = self.pick(&scope.vectors) {
                    let number = self.number(b, 2);
                    let lane = if self.below(2) == 0 { self.leaf(b) % 4_u32 } else { 2_u32.into() };
                    b.store_lane(id, [], lane, number);
                }
            }
            5 => {
                if let Some(array) = self.pick(&scope.arrays) {
                    let (index, number) = (self.number(b, 1) % 5_u32, self.number(b, 2));
                    b.store(array, [index], number);
                }
            }
            6 => {
                if let Some(id) = self.pick(&scope.vectors) {
                    let vector = self.vector(b);
                    b.set(id, vector);
                }
            }
            7 | 8 => {
                if let Some(id) = self.pick(&scope.variables) {
                    let number = self.number(b, 3);
                    b.set(id, number);
                }
            }
            9..13 => self.branch(b, depth),
            13 => self.counted(b, depth),
            14 => self.repeated(b, depth),
            15 => self.call(b),
            16 => self.note(b),
            _ => {
                if self.returns && self.below(2) == 0 {
                    let (condition, number) = (self.truth(b, 1), self.number(b, 1));
                    b.when(condition, |b| b.ret(Some(number)));
                }
            }
        }
    }

    fn branch(&mut self, b: &mut Build, depth: u32) {
        let condition = self.truth(b, 2);
        let then = b.block(|b| {
            self.statements(b, depth - 1);
            match self.below(6) {
                0 if self.in_loop => b.leave(),
                1 if self.in_loop => b.again(),
                2 if self.returns => {
                    let number = self.number(b, 1);
                    b.ret(Some(number));
                }
                3 if !self.returns && self.below(3) == 0 => {
                    self.note(b);
                    b.ret(None);
                }
                _ => {}
            }
        });
        let otherwise = b.block(|b| {
            if self.below(2) == 0 {
                self.statements(b, depth - 1);
            }
        });
        b.push(StmtKind::If(condition.0, then, otherwise));
    }

    fn counted(&mut self, b: &mut Build, depth: u32) {
        let unrolled = self.below(3) == 0;
        let range = if unrolled {
            [self.below(3) as u32, self.below(6) as u32, 1].map(E::from)
        } else {
            [self.leaf(b) % 3_u32, self.number(b, 1) % 6_u32, self.leaf(b) % 2_u32 + 1_u32]
        };
        let outer = std::mem::replace(&mut self.in_loop, true);
        b.count(range, |b, counter| {
            self.scope.values.push(counter);
            self.statements(b, depth - 1);
            self.scope.values.pop();
        });
        if unrolled {
            b.unroll_last(Unroll::Full);
        }
        self.in_loop = outer;
    }

    fn repeated(&mut self, b: &mut Build, depth: u32) {
        let rounds = b.mutable(0_u32);
        let limit = self.number(b, 1) % 5_u32;
        let limit = b.bind(limit);
        let outer = std::mem::replace(&mut self.in_loop, true);
        if self.below(2) == 0 {
            let more = b.read(rounds).lt(limit);
            let body = b.block(|b| {
                b.set(rounds, b.read(rounds) + 1_u32);
                self.statements(b, depth - 1);
            });
            b.push(StmtKind::While(Vec::new(), more.0, body));
        } else {
            b.forever(|b| {
                b.set(rounds, b.read(rounds) + 1_u32);
                let done = limit.clone().lt(b.read(rounds));
                b.when(done, Build::leave);
                self.statements(b, depth - 1);
            });
        }
        self.in_loop = outer;
    }

    fn call(&mut self, b: &mut Build) {
        let scope = self.scope.clone();
        let found = (self.pick(&self.functions.clone()), self.pick(&scope.variables), self.pick(&scope.arrays));
        if let (Some(function), Some(variable), Some(array)) = found {
            let number = self.number(b, 1);
            let call = b.call(function, vec![value(number), object(variable), object(array)]);
            let result = b.bind(call);
            self.scope.values.push(result);
        }
    }

    /// Mixes everything in scope into the thread's output.
    fn note(&mut self, b: &mut Build) {
        if self.returns {
            return;
        }
        let scope = self.scope.clone();
        let place = b.bind(bid() * b.kernel.block[0].value + tid());
        let mut sum = b.load(self.output, [place.clone()]);
        for value in scope.values {
            sum = sum * 31_u32 + value;
        }
        for id in scope.variables {
            sum = sum * 31_u32 + b.read(id);
        }
        for id in scope.vectors {
            sum = sum * 31_u32 + b.read(id).lane(0_u32) + b.read(id).lane(3_u32) * 5_u32;
        }
        for id in scope.arrays {
            sum = sum * 31_u32 + b.load(id, [1_u32.into()]) + b.load(id, [4_u32.into()]) * 3_u32;
        }
        b.store(self.output, [place], sum);
    }

    fn function(&mut self, b: &mut Build) {
        let number = b.var("n", VarKind::Scalar, Type::U32);
        let variable = b.var("m", VarKind::Mut, Type::U32);
        let extents = vec![greta_codegen::ir::Extent { value: 5, expr: E::from(5_u32).0 }];
        let array = b.var("a", VarKind::Register(extents), Type::U32);
        let scope =
            Scope { values: vec![b.read(number)], variables: vec![variable], vectors: Vec::new(), arrays: vec![array] };
        let outer = std::mem::replace(&mut self.scope, scope);
        self.returns = true;
        let id = b.function(vec![number, variable, array], Some(Type::U32), |b| {
            self.budget = 12;
            self.statements(b, 2);
            let number = self.number(b, 2);
            b.ret(Some(number));
        });
        self.returns = false;
        self.scope = outer;
        self.functions.push(id);
    }
}

fn make(seed: u64) -> Build {
    let block = [64, 100, 5, 128][seed as usize % 4];
    let mut b = Build::new([block, 1, 1]);
    let (input, output) = (b.global("input", Type::U32), b.global("output", Type::U32));
    let mut maker = Maker {
        random: Random::new(seed),
        input,
        output,
        scope: Scope::default(),
        functions: Vec::new(),
        in_loop: false,
        returns: false,
        budget: 0,
    };
    maker.function(&mut b);
    maker.function(&mut b);
    maker.budget = 40;
    for _ in 0..2 {
        let number = maker.number(&b, 1);
        maker.scope.variables.push(b.mutable(number));
    }
    let array = b.array(false, &[5], Type::U32);
    b.push(StmtKind::Fill(array, tid().0));
    maker.scope.arrays.push(array);
    let outer = maker.scope.clone();
    for _ in 0..3 {
        maker.statements(&mut b, 4);
        maker.scope = outer.clone();
        maker.note(&mut b);
    }
    b
}

#[test]
fn random_programs_do_what_each_thread_alone_would() {
    let count = std::env::var("RANDOM_PROGRAMS").ok().and_then(|count| count.parse().ok()).unwrap_or(1500);
    for seed in 0..count {
        let kernel = make(seed).finish();
        let mut random = Random::new(seed + 1);
        let input: Vec<u32> = (0..LENGTH).map(|_| random.next() % 50).collect();
        let output = vec![0; kernel.block[0].value as usize * 3];
        let mut wanted = vec![input.clone(), output.clone()];
        reference::run(&kernel, 3, &mut wanted);
        let (mut input, mut output) = (input, output);
        let program = greta_interpreter::Program::new(&kernel, 64);
        let result = build::run(&program, [3, 1, 1], &mut [&mut input, &mut output]);
        assert!(result.is_ok(), "seed {seed}: {result:?}");
        let different = output.iter().zip(&wanted[1]).position(|(given, wanted)| given != wanted);
        assert_eq!(different, None, "seed {seed}");
        assert_ne!(wanted[1], vec![0; wanted[1].len()], "seed {seed} proves nothing");
    }
}
