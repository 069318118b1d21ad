//! Global buffers, shared arrays and register arrays: handles that loads and stores go through.

use std::marker::PhantomData;

use super::extent::extent;
use super::tracer::{self, TraceError};
use super::value::{Atom, IntoKernelValue, KernelValue, Val, Value, Vector, bf8, bf16, f16, fp8};
use super::wanted::ElementIndex;
use crate::ir::{Expr, ExprKind, Extent, Location, Op, Place, StmtKind, Type, VarId, VarKind};

/// Arrays have at most this many dimensions.
pub(crate) const DIMENSIONS_MAX: usize = 4;

/// The address spaces, as types.
pub mod spaces {
    /// Device memory.
    #[derive(Clone, Copy, Debug)]
    pub struct GlobalMemory;
    /// Device memory, past every cache that may be stale.
    #[derive(Clone, Copy, Debug)]
    pub struct VolatileMemory;
    /// A block's shared memory (LDS).
    #[derive(Clone, Copy, Debug)]
    pub struct SharedMemory;
    /// A thread's registers.
    #[derive(Clone, Copy, Debug)]
    pub struct Registers;
}

/// An address space.
pub trait Space: Copy + 'static {
    /// Whether it is a block's shared memory.
    const IS_SHARED: bool = false;
}
impl Space for spaces::GlobalMemory {}
impl Space for spaces::VolatileMemory {}
impl Space for spaces::SharedMemory {
    const IS_SHARED: bool = true;
}
impl Space for spaces::Registers {}

/// A memory object, or the part of it that some indices select. `E` is a value's type or another `Memory`.
pub struct Memory<E, S> {
    pub(crate) base: VarId,
    pub(crate) prefix: [Atom; DIMENSIONS_MAX],
    pub(crate) depth: usize,
    marker: PhantomData<fn() -> (E, S)>,
}

/// A buffer in device memory, a kernel's parameter.
pub type Global<T> = Memory<T, spaces::GlobalMemory>;
/// A buffer in device memory whose every access goes to memory itself: for what an earlier kernel of a graph has
/// changed and a scalar cache may hold stale, such as a position that is advanced on the device.
pub type Volatile<T> = Memory<T, spaces::VolatileMemory>;
/// An array in a block's shared memory; `Shared<Shared<T>>` has two dimensions.
pub type Shared<E> = Memory<E, spaces::SharedMemory>;
/// An array in a thread's registers; `Array<Array<T>>` has two dimensions.
pub type Array<E> = Memory<E, spaces::Registers>;

impl<E, S> Clone for Memory<E, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, S> Copy for Memory<E, S> {}

impl<E, S> std::fmt::Debug for Memory<E, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}{:?}", self.base, &self.prefix[..self.depth])
    }
}

impl<E, S> Memory<E, S> {
    pub(crate) fn whole(base: VarId) -> Self {
        let unused = Atom::Literal(crate::ir::Literal::U32(0));
        Self { base, prefix: [unused; DIMENSIONS_MAX], depth: 0, marker: PhantomData }
    }

    /// The same with elements of another type.
    pub(super) fn retyped<E2>(self) -> Memory<E2, S> {
        Memory { base: self.base, prefix: self.prefix, depth: self.depth, marker: PhantomData }
    }

    pub(super) fn part<E2>(&self, index: Val<u32>) -> Memory<E2, S> {
        let mut prefix = self.prefix;
        prefix[self.depth] = index.atom;
        Memory { base: self.base, prefix, depth: self.depth + 1, marker: PhantomData }
    }

    pub(super) fn place(&self, index: Val<u32>, location: Location) -> Place {
        let prefix = self.prefix[..self.depth].iter().map(|atom| atom.expr(u32::ty(), location));
        Place { base: self.base, index: prefix.chain([index.expr(location)]).collect(), lane: None }
    }

    /// What stands at `index` as a value of type `V`: an element, or a vector of consecutive ones.
    pub(super) fn load<V: Value>(&self, index: Val<u32>, location: Location) -> Val<V> {
        Val::record(ExprKind::Load(self.place(index, location)), location)
    }

    /// Sets what stands at `index`.
    pub(super) fn store<V: Value>(&mut self, index: Val<u32>, value: Val<V>, location: Location) {
        let place = self.place(index, location);
        tracer::with(|tracer| tracer.push(StmtKind::Assign(place, value.expr(location)), location));
    }

    /// Loads as many consecutive elements as `V` has lanes, from `index` on, a multiple of that number, in one access.
    #[track_caller]
    pub fn load_vector<V: Vector<Lane = E>>(&self, index: impl ElementIndex) -> Val<V> {
        self.load(index.into_val(), Location::caller())
    }

    /// Stores a vector to consecutive elements from `index` on, which is a multiple of their number, in one access.
    #[track_caller]
    pub fn store_vector<V: Vector<Lane = E>>(&mut self, index: impl ElementIndex, value: Val<V>) {
        self.store(index.into_val(), value, Location::caller());
    }
}

impl<T: Value> Memory<T, spaces::GlobalMemory> {
    /// Loads an element that will not be used again soon: it takes no place in the caches from other data. A hint.
    #[track_caller]
    pub fn load_nontemporal(&self, index: impl IntoKernelValue<u32>) -> Val<T> {
        self.nontemporal(index.into_val(), Location::caller())
    }

    /// Stores to an element that will not be used again soon. A hint.
    #[track_caller]
    pub fn store_nontemporal(&mut self, index: impl IntoKernelValue<u32>, value: impl IntoKernelValue<T>) {
        self.set_nontemporal(index.into_val(), value.into_val(), Location::caller());
    }

    /// Loads as [`Memory::load_vector`] does, as what will not be used again soon: it takes no place in the caches from
    /// other data. A hint.
    #[track_caller]
    pub fn load_vector_nontemporal<V: Vector<Lane = T>>(&self, index: impl IntoKernelValue<u32>) -> Val<V> {
        self.nontemporal(index.into_val(), Location::caller())
    }

    /// Stores as [`Memory::store_vector`] does, what will not be used again soon. A hint.
    #[track_caller]
    pub fn store_vector_nontemporal<V: Vector<Lane = T>>(&mut self, index: impl IntoKernelValue<u32>, value: Val<V>) {
        self.set_nontemporal(index.into_val(), value, Location::caller());
    }

    /// Says that the line of memory that holds an element will be read soon: NVIDIA's second cache fetches it, gfx942 has
    /// no instruction for that. Nothing is read here, so buffers that this kernel does not read may be named too. A hint.
    #[track_caller]
    pub fn prefetch(&self, index: impl IntoKernelValue<u32>) {
        let location = Location::caller();
        let kind = ExprKind::Load(self.place(index.into_val(), location));
        let element = Expr { kind, ty: T::ty(), location };
        let kind = ExprKind::Op(Op::Prefetch, vec![element]);
        tracer::with(|tracer| tracer.push(StmtKind::Eval(Expr { kind, ty: Type::BOOL, location }), location));
    }

    fn nontemporal<V: Value>(&self, index: Val<u32>, location: Location) -> Val<V> {
        let kind = ExprKind::Load(self.place(index, location));
        Val::record_op(Op::Nontemporal, vec![Expr { kind, ty: V::ty(), location }], location)
    }

    fn set_nontemporal<V: Value>(&mut self, index: Val<u32>, value: Val<V>, location: Location) {
        let place = self.place(index, location);
        let kind = ExprKind::Op(Op::Nontemporal, vec![value.expr(location)]);
        let value = Expr { kind, ty: V::ty(), location };
        tracer::with(|tracer| tracer.push(StmtKind::Assign(place, value), location));
    }
}

impl<T: Value> Memory<T, spaces::SharedMemory> {
    /// Begins to copy an element from global memory. What is here is undefined until
    /// [`copy_async_wait`](super::copy_async_wait) has waited for the copy; other threads see it after the next
    /// barrier. An element has 4, 8 or 16 bytes. A target without such copies copies at once.
    #[track_caller]
    pub fn copy_async(&mut self, index: impl IntoKernelValue<u32>, from: &Global<T>, at: impl IntoKernelValue<u32>) {
        self.begin_copy::<T>(index.into_val(), from, at.into_val(), Location::caller());
    }

    /// Begins to copy a vector as [`Memory::copy_async`] does; both indices are multiples of its length.
    #[track_caller]
    pub fn copy_vector_async<V: Vector<Lane = T>>(
        &mut self,
        index: impl IntoKernelValue<u32>,
        from: &Global<T>,
        at: impl IntoKernelValue<u32>,
    ) {
        self.begin_copy::<V>(index.into_val(), from, at.into_val(), Location::caller());
    }

    fn begin_copy<V: Value>(&mut self, index: Val<u32>, from: &Global<T>, at: Val<u32>, location: Location) {
        let expr = |kind| Expr { kind, ty: V::ty(), location };
        let value = expr(ExprKind::Load(from.place(at, location)));
        let place = self.place(index, location);
        let value = expr(ExprKind::Op(Op::CopyAsync, vec![value]));
        tracer::with(|tracer| tracer.push(StmtKind::Assign(place, value), location));
    }
}

impl<E, S: Space> Memory<E, S> {
    /// How many elements an array has in its first dimension: a compile-time constant. How many a buffer has: what the
    /// launch was given, which the kernel and its device functions then take as a further parameter.
    #[track_caller]
    #[must_use]
    pub fn len(&self) -> Val<u32> {
        let location = Location::caller();
        tracer::with(|tracer| match &tracer.kernel.var(self.base).kind {
            VarKind::Global { .. } => Val::from_atom(Atom::Var(tracer.buffer_length(self.base, location))),
            kind => {
                let Some(extents) = kind.opt_extents() else {
                    tracer.error(TraceError::DynamicLength, location);
                    return Val::from_atom(Atom::Literal(crate::ir::Literal::U32(0)));
                };
                let length = extents[self.depth].clone();
                Val::from_atom(tracer.record_constant(&length, location))
            }
        })
    }

    /// Whether there are no elements, which only a buffer may lack.
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> Val<bool> {
        super::operators::eq(self.len(), 0)
    }
}

/// What a `Memory` can have as elements.
pub trait Element<S> {
    /// What indexing gives: the value, or the part of the array.
    type Output;
    /// What indexing gives on the way to an assignment: the element's place, or the part of the array.
    type Place;
    /// Loads the value, or makes the part.
    fn element(memory: &Memory<Self, S>, index: Val<u32>, location: Location) -> Self::Output
    where
        Self: Sized;
    /// The element's place.
    fn place(memory: &Memory<Self, S>, index: Val<u32>, location: Location) -> Self::Place
    where
        Self: Sized;
}

/// A vector in memory, on the way to an assignment to one of its lanes.
#[derive(Debug)]
pub struct VectorElement<T> {
    place: Place,
    marker: PhantomData<fn() -> T>,
}

impl<T: Value, S> Element<S> for T {
    type Output = Val<T>;
    type Place = VectorElement<T>;

    fn element(memory: &Memory<T, S>, index: Val<u32>, location: Location) -> Val<T> {
        Val::record(ExprKind::Load(memory.place(index, location)), location)
    }

    fn place(memory: &Memory<T, S>, index: Val<u32>, location: Location) -> VectorElement<T> {
        VectorElement { place: memory.place(index, location), marker: PhantomData }
    }
}

impl<E, S> Element<S> for Memory<E, S> {
    type Output = Self;
    type Place = Self;

    fn element(memory: &Memory<Self, S>, index: Val<u32>, _location: Location) -> Self {
        memory.part(index)
    }

    fn place(memory: &Memory<Self, S>, index: Val<u32>, _location: Location) -> Self {
        memory.part(index)
    }
}

/// What `[index]` reads.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be indexed in a kernel",
    label = "neither a buffer, nor an array, nor a vector"
)]
pub trait Get {
    /// What is there.
    type Output;
    /// `self[index]`.
    fn element(&self, index: Val<u32>, location: Location) -> Self::Output;
}

/// What `[index]` gives on the way to an assignment to a part of what is there.
#[diagnostic::on_unimplemented(message = "`{Self}` cannot be indexed in a kernel")]
pub trait GetMut {
    /// The place.
    type Place;
    /// `self[index]`.
    fn element_mut(&mut self, index: Val<u32>, location: Location) -> Self::Place;
}

/// What `[index] =` writes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no elements that a `{V}` can be stored in",
    label = "not of the elements' type",
    note = "kernel values are never converted silently: write `value as f32`, and literals of floats as `2.0`"
)]
pub trait Set<V> {
    /// `self[index] = value`.
    fn set_element(&mut self, index: Val<u32>, value: V, location: Location);
}

#[diagnostic::do_not_recommend]
impl<E: Element<S>, S> Get for Memory<E, S> {
    type Output = E::Output;

    fn element(&self, index: Val<u32>, location: Location) -> E::Output {
        E::element(self, index, location)
    }
}

impl<E: Element<S>, S> GetMut for Memory<E, S> {
    type Place = E::Place;

    fn element_mut(&mut self, index: Val<u32>, location: Location) -> E::Place {
        E::place(self, index, location)
    }
}

#[diagnostic::do_not_recommend]
impl<V: Vector> Get for VectorElement<V> {
    type Output = Val<V::Lane>;

    fn element(&self, index: Val<u32>, location: Location) -> Val<V::Lane> {
        Val::<V>::record(ExprKind::Load(self.place.clone()), location).element(index, location)
    }
}

#[diagnostic::do_not_recommend]
impl<V: Vector, R: IntoKernelValue<V::Lane>> Set<R> for VectorElement<V> {
    fn set_element(&mut self, index: Val<u32>, value: R, location: Location) {
        let value = value.into_val().expr(location);
        let place = Place { lane: Some(Box::new(index.expr(location))), ..self.place.clone() };
        tracer::with(|tracer| tracer.push(StmtKind::Assign(place, value), location));
    }
}

#[diagnostic::do_not_recommend]
impl<T: Value, S, V: IntoKernelValue<T>> Set<V> for Memory<T, S> {
    fn set_element(&mut self, index: Val<u32>, value: V, location: Location) {
        let place = self.place(index, location);
        let value = value.into_val().expr(location);
        tracer::with(|tracer| tracer.push(StmtKind::Assign(place, value), location));
    }
}

#[diagnostic::do_not_recommend]
impl<V: Vector> Get for Val<V> {
    type Output = Val<V::Lane>;

    fn element(&self, index: Val<u32>, location: Location) -> Val<V::Lane> {
        Val::record(lane_of(self.expr(location), index.expr(location)), location)
    }
}

/// A lane of a vector. Of a fragment of one element, which is no vector in the IR, the element.
fn lane_of(vector: Expr, lane: Expr) -> ExprKind {
    if vector.ty.is_vector() { ExprKind::Lane(Box::new(vector), Box::new(lane)) } else { vector.kind }
}

#[diagnostic::do_not_recommend]
impl<V: Vector, R: IntoKernelValue<V::Lane>> Set<R> for Val<V> {
    fn set_element(&mut self, index: Val<u32>, value: R, location: Location) {
        let value = value.into_val().expr(location);
        let lane = V::ty().is_vector().then(|| Box::new(index.expr(location)));
        tracer::with(|tracer| match self.atom {
            Atom::Var(base) if tracer.kernel.vars[base.index()].kind == VarKind::Mut => {
                tracer.push(StmtKind::Assign(Place { base, index: Vec::new(), lane }, value), location);
            }
            _ => tracer.error(TraceError::NotMutable, location),
        });
    }
}

#[diagnostic::do_not_recommend]
impl<G: Get + ?Sized> Get for &G {
    type Output = G::Output;

    fn element(&self, index: Val<u32>, location: Location) -> G::Output {
        (**self).element(index, location)
    }
}

#[diagnostic::do_not_recommend]
impl<G: Get + ?Sized> Get for &mut G {
    type Output = G::Output;

    fn element(&self, index: Val<u32>, location: Location) -> G::Output {
        (**self).element(index, location)
    }
}

/// `base[index]` as a value.
#[track_caller]
pub fn get<G: Get + ?Sized>(base: &G, index: KernelValue<u32>) -> G::Output {
    base.element(index, Location::caller())
}

/// `base[index]` as what a method is called on, which may change it.
#[track_caller]
pub fn get_receiver<G: Get + ?Sized>(base: &G, index: Val<u32>) -> G::Output {
    let element = base.element(index, Location::caller());
    tracer::with(tracer::Tracer::note_receiver);
    element
}

fn declare<E, S>(kind: VarKind, ty: crate::ir::Type, location: Location) -> Memory<E, S> {
    tracer::with(|tracer| {
        let id = tracer.var("", kind, ty, location);
        tracer.push(StmtKind::Declare(id), location);
        Memory::whole(id)
    })
}

/// The innermost element of an array type.
pub trait Nested {
    /// The type of its values.
    type Value: Value;
}

impl<T: Value> Nested for T {
    type Value = T;
}

impl<E: Nested, S> Nested for Memory<E, S> {
    type Value = E::Value;
}

/// Declares a shared array of these extents: `shared::<[[T; COLUMNS]; ROWS]>()` in a kernel.
#[track_caller]
#[must_use]
pub fn shared<E: Nested>(lengths: &[Val<u32>]) -> Shared<E> {
    let location = Location::caller();
    let extents = lengths.iter().map(|&length| extent(length, location)).collect();
    declare(VarKind::Shared(extents), E::Value::ty(), location)
}

/// Declares the kernel's dynamic shared array, of which there is one: each launch gives it its length
/// (`Kernel::with_shared`), which the kernel takes as an argument if it needs to know it.
#[track_caller]
#[must_use]
pub fn shared_dynamic<T: Value>() -> Shared<T> {
    declare(VarKind::DynamicShared, T::ty(), Location::caller())
}

/// Declares a register array of these extents without a value: `let a: [T; N];` in a kernel.
#[track_caller]
#[must_use]
pub fn register<E: Nested>(lengths: &[Val<u32>]) -> Array<E> {
    let location = Location::caller();
    let extents = lengths.iter().map(|&length| extent(length, location)).collect();
    declare(VarKind::Register(extents), E::Value::ty(), location)
}

/// What `[element; length]` can repeat.
#[diagnostic::on_unimplemented(message = "an array in a kernel cannot hold a `{Self}`")]
pub trait Repeat {
    /// The array.
    type Array;
    /// `[self; length]`.
    fn repeat(self, length: Extent, location: Location) -> Self::Array;
}

impl<T: Value> Repeat for Val<T> {
    type Array = Array<T>;

    fn repeat(self, length: Extent, location: Location) -> Array<T> {
        let array: Array<T> = declare(VarKind::Register(vec![length]), T::ty(), location);
        tracer::with(|tracer| tracer.push(StmtKind::Fill(array.base, self.expr(location)), location));
        array
    }
}

macro_rules! repeat_host {
    ($($host:ty),*) => {
        $(impl Repeat for $host {
            type Array = Array<$host>;

            fn repeat(self, length: Extent, location: Location) -> Array<$host> {
                IntoKernelValue::<$host>::into_val(self).repeat(length, location)
            }
        })*
    };
}

repeat_host!(bool, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64, fp8, bf8);

impl<E> Repeat for Array<E> {
    type Array = Array<Self>;

    /// The inner array was just made by `[value; n]`: it becomes one of a dimension more.
    fn repeat(self, length: Extent, location: Location) -> Array<Self> {
        tracer::with(|tracer| {
            let var = &mut tracer.kernel.vars[self.base.index()];
            match &mut var.kind {
                VarKind::Register(extents) if var.name.is_empty() && self.depth == 0 => extents.insert(0, length),
                _ => tracer.error(TraceError::ArrayCopied, location),
            }
        });
        Memory::whole(self.base)
    }
}

/// `[element; length]`.
#[track_caller]
pub fn repeat<R: Repeat, L: IntoKernelValue<u32>>(element: R, length: L) -> R::Array {
    let location = Location::caller();
    element.repeat(extent(length.into_val(), location), location)
}
