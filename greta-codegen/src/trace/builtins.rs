//! Indices, barriers and operations across the lanes of a wave.

use super::lanes::Word;
use super::memory::Global;
use super::tracer;
use super::value::{IntoKernelValue, Val, Value};
use super::wanted::Condition;
use crate::ir::{Expr, ExprKind, Literal, Location, Op, Place, StmtKind, Type};

/// A position or size in x, y and z.
#[derive(Clone, Copy, Debug)]
pub struct Dim3 {
    /// First, fastest.
    pub x: Val<u32>,
    /// Second.
    pub y: Val<u32>,
    /// Third, slowest.
    pub z: Val<u32>,
}

fn dimensions(ops: [Op; 3], location: Location) -> Dim3 {
    let [x, y, z] = ops.map(|op| Val::record_op(op, Vec::new(), location));
    Dim3 { x, y, z }
}

/// The thread's position in its block.
#[track_caller]
#[must_use]
pub fn thread_idx() -> Dim3 {
    dimensions([Op::ThreadIdxX, Op::ThreadIdxY, Op::ThreadIdxZ], Location::caller())
}

/// The block's position in the grid.
#[track_caller]
#[must_use]
pub fn block_idx() -> Dim3 {
    dimensions([Op::BlockIdxX, Op::BlockIdxY, Op::BlockIdxZ], Location::caller())
}

/// How many blocks the grid has.
#[track_caller]
#[must_use]
pub fn grid_dim() -> Dim3 {
    dimensions([Op::GridDimX, Op::GridDimY, Op::GridDimZ], Location::caller())
}

/// How many threads a block has: constants.
#[track_caller]
#[must_use]
pub fn block_dim() -> Dim3 {
    let location = Location::caller();
    let [x, y, z] = tracer::with(|tracer| {
        tracer.kernel.block.clone().map(|extent| match extent.expr.kind {
            ExprKind::Constant(id) => super::value::Atom::Constant(id),
            kind => tracer.record(Expr { kind, ty: Type::U32, location }),
        })
    })
    .map(Val::from_atom);
    Dim3 { x, y, z }
}

/// The thread's lane in its wave.
#[track_caller]
#[must_use]
pub fn lane_id() -> Val<u32> {
    Val::record_op(Op::LaneId, Vec::new(), Location::caller())
}

/// The number of the thread's wave in its block.
#[track_caller]
#[must_use]
pub fn wave_id() -> Val<u32> {
    Val::record_op(Op::WaveId, Vec::new(), Location::caller())
}

/// How many waves a block has, one that is not full counted too: a constant.
#[track_caller]
#[must_use]
pub fn wave_count() -> Val<u32> {
    let location = Location::caller();
    let (block, wave) = (tracer::block_constant(), tracer::wave_constant());
    let [threads, lanes] =
        [block, wave].map(|size| tracer::with(|tracer| tracer.opt_constant(size.atom)).and_then(Literal::opt_u32));
    let whole = Val::record_op(Op::Div, vec![block.expr(location), wave.expr(location)], location);
    if threads.zip(lanes).is_some_and(|(threads, lanes)| threads.is_multiple_of(lanes)) {
        return whole;
    }
    Val::record_op(Op::Add, vec![whole.expr(location), 1_u32.into_val().expr(location)], location)
}

/// Waits until every thread of the block is here; shared and global writes before it are seen by the block after it.
#[track_caller]
pub fn barrier() {
    let location = Location::caller();
    let kind = ExprKind::Op(Op::Barrier, Vec::new());
    let expr = Expr { kind, ty: Type::BOOL, location };
    tracer::with(|tracer| tracer.push(StmtKind::Eval(expr), location));
}

/// Waits until every thread of the launch is here; what any of them wrote before is seen by all of them after it. Does what
/// [`barrier`] does, too. All blocks run at the same time: a launch of more than the device holds at once is refused.
///
/// The first element of `arrivals` counts who has arrived; the buffer is used for nothing else. Before the first launch that
/// takes the buffer the element is zero; each barrier leaves it fit for the next one, of this launch or of another, as long
/// as one launch at a time uses it: of a grid of `blocks` blocks the first adds `0x8000_0000 - (blocks - 1)` and each other
/// one adds 1, so that the highest bit changes when all have arrived, for which they wait.
///
/// Every thread of the grid reaches it or none: conditions and loops around it depend on nothing but the kernel's numbers,
/// the grid's size and elements that all threads read alike.
#[track_caller]
pub fn grid_barrier<A: Arrivals>(arrivals: &mut A) {
    let location = Location::caller();
    let kind = ExprKind::Load(arrivals.first(location));
    let first = Expr { kind, ty: Type::U32, location };
    let expr = Expr { kind: ExprKind::Op(Op::GridBarrier, vec![first]), ty: Type::BOOL, location };
    tracer::with(|tracer| tracer.push(StmtKind::Eval(expr), location));
}

/// What counts who arrives at a barrier of the grid.
#[diagnostic::on_unimplemented(
    message = "this does not count who arrives at a grid barrier",
    label = "a `&mut Global<u32>` does, a parameter of the kernel"
)]
pub trait Arrivals {
    /// The element that counts.
    #[doc(hidden)]
    fn first(&self, location: Location) -> Place;
}

impl Arrivals for Global<u32> {
    fn first(&self, location: Location) -> Place {
        self.place(0_u32.into_val(), location)
    }
}

macro_rules! hints {
    ($($(#[$doc:meta])* $name:ident $op:ident $($operand:ident),*;)*) => {
        $($(#[$doc])*
        #[track_caller]
        pub fn $name($($operand: impl IntoKernelValue<u32>),*) {
            let location = Location::caller();
            let kind = ExprKind::Op(Op::$op, vec![$($operand.into_val().expr(location)),*]);
            let expr = Expr { kind, ty: Type::BOOL, location };
            tracer::with(|tracer| tracer.push(StmtKind::Eval(expr), location));
        })*
    };
}

hints! {
    /// Tells AMD's compiler to move no instruction past this but those of the kinds that the bits of `kinds` name: 0 for
    /// none at all. The bits are those of LLVM's `llvm.amdgcn.sched.barrier`. Nothing on other devices.
    sched_barrier SchedBarrier kinds;
    /// Tells AMD's compiler to build a pipeline: its next group is `count` instructions of the kinds that the bits of
    /// `kinds` name, in the order of these calls with the same `pipeline`. Nothing on other devices.
    sched_group_barrier SchedGroupBarrier kinds, count, pipeline;
    /// Gives the wave a priority, 0 to 3, over the others of its SIMD unit, on AMD. Nothing on other devices.
    setprio SetPriority priority;
    /// Makes a group of the asynchronous copies that the thread has begun since the last call.
    copy_async_commit CopyAsyncCommit;
    /// Waits until at most the last `groups` groups of the thread's asynchronous copies are under way: 0 waits for all.
    copy_async_wait CopyAsyncWait groups;
    /// Waits until the kernels ahead, in the stream or the graph, have ended. What the kernel reads before this must not
    /// be written by them: weights, say. A graph then starts the kernel while the ones ahead still run, if the device can
    /// and it sees that they write nothing that is read early; from here on the next kernel may start likewise, if
    /// [`grid_dependents_launch`] has not let it. It stands once, in the kernel itself, outside of branches and loops.
    grid_dependency_wait GridDependencyWait;
    /// Lets the next kernel start as soon as all blocks of this one are here, ahead of [`grid_dependency_wait`]: its blocks
    /// come as those of the kernels ahead go. That is good where few blocks wait for little, as between two kernels that fill
    /// the device; blocks that come while others do not fit are spread unevenly. A hint: nothing else depends on it. It
    /// stands once, in the kernel itself, outside of branches and loops, before the wait.
    grid_dependents_launch GridDependentsLaunch;
}

/// Whether the target copies from global to shared memory asynchronously: a constant, so that of an `if` only the side
/// that is taken is kept.
#[must_use]
pub fn has_copy_async() -> Val<bool> {
    let value = tracer::opt_target().is_some_and(|target| target.copy_async);
    Val::from_atom(super::value::Atom::Literal(crate::ir::Literal::Bool(value)))
}

/// Whether four waves of the target multiply tiles of shared memory together while they go on (NVIDIA's `wgmma`): a
/// constant, as [`has_copy_async`] is.
#[must_use]
pub fn has_warpgroup_mma() -> Val<bool> {
    let value = tracer::opt_target().is_some_and(|target| target.warpgroup_mma);
    Val::from_atom(super::value::Atom::Literal(crate::ir::Literal::Bool(value)))
}

macro_rules! shuffles {
    ($($(#[$doc:meta])* $name:ident $op:ident;)*) => {
        $($(#[$doc])*
        #[track_caller]
        pub fn $name<T: Word, I: IntoKernelValue<u32>>(value: Val<T>, lane: I) -> Val<T> {
            let location = Location::caller();
            let carrier = T::load_carrier(value, location);
            let operands = vec![carrier.expr(location), lane.into_val().expr(location)];
            T::unload_carrier(Val::record_op(Op::$op, operands, location), location)
        })*
    };
}

shuffles! {
    /// The value that lane `lane` of the wave has.
    shuffle Shuffle;
    /// The value that lane `lane_id() ^ lane` has; the thread's own where the wave has no such lane.
    shuffle_xor ShuffleXor;
    /// The value that lane `lane_id() + lane` has; the thread's own past the wave's end.
    shuffle_down ShuffleDown;
    /// The value that lane `lane_id() - lane` has; the thread's own before the wave's start.
    shuffle_up ShuffleUp;
}

macro_rules! votes {
    ($($(#[$doc:meta])* $name:ident $op:ident;)*) => {
        $($(#[$doc])*
        #[track_caller]
        pub fn $name<C: Condition>(condition: C) -> Val<bool> {
            let location = Location::caller();
            Val::record_op(Op::$op, vec![condition.into_val().expr(location)], location)
        })*
    };
}

votes! {
    /// Whether `condition` holds in any lane of the wave that takes part.
    wave_any Any;
    /// Whether `condition` holds in every lane of the wave that takes part.
    wave_all All;
}

/// A bit for each lane of the wave that takes part and for which `condition` holds, lane 0 the lowest. The upper half is 0
/// where waves have 32 lanes.
#[track_caller]
pub fn ballot<C: Condition>(condition: C) -> Val<u64> {
    let location = Location::caller();
    Val::record_op(Op::Ballot, vec![condition.into_val().expr(location)], location)
}

/// `a` where `condition` holds, else `b`; both have been evaluated.
#[track_caller]
pub fn select<T: Value, C: Condition, A: IntoKernelValue<T>, B: IntoKernelValue<T>>(
    condition: C,
    a: A,
    b: B,
) -> Val<T> {
    let location = Location::caller();
    let [a, b] = [a.into_val(), b.into_val()].map(|value| Box::new(value.expr(location)));
    Val::record(ExprKind::Select(Box::new(condition.into_val().expr(location)), a, b), location)
}
