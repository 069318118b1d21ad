//! Tiles of matrices in shared memory that are read along rows and along columns without conflicts of banks.
//!
//! Shared memory has 32 banks of 4 bytes on gfx942 and on NVIDIA's targets, and a cycle serves each bank once. Rows of
//! 32 words, one under the other, put a column into a single bank. A tile avoids that in one of two ways, between which
//! a number chooses that may be a tile parameter of the kernel:
//!
//! - **Padding**: each row ends in elements that nobody uses. With 16 bytes of padding, rows of 128 bytes begin 4 banks
//!   apart, so 8 rows of a 16-byte column lie in all 32 banks. It costs the memory.
//! - **Swizzle** (a padding of 0): the parts of 16 bytes of a row change places. Part `p` of row `r` lies where part
//!   `p ^ r` would be, with `r` taken modulo the number of parts. It costs an exclusive or, and no memory.
//!
//! Both keep 16 consecutive bytes consecutive and aligned. Written in greta itself; knows nothing of what a tile is for.

use std::marker::PhantomData;

use greta_codegen::ir::Location;
use greta_codegen::trace::{Bind, IntoKernelValue, Matrix, MatrixMut, Nested, Read, Val, bind, shared as shared_array};

use crate::prelude::*;

/// Elements that tiles are made of: `f32`, `f16` and `bf16`.
#[diagnostic::on_unimplemented(message = "a tile has no elements of type `{Self}`: take `f32`, `f16` or `bf16`")]
pub trait TileElement: Nested<Value = Self> + Number {
    /// How many of them 16 bytes hold.
    const PART: u32;
    /// Fills the rows of a tile: [`SharedTile::load_from`].
    fn load(tile: &mut SharedTile<Self>, from: &Global<Self>, matrix: [Val<u32>; 2], corner: [Val<u32>; 2]);
}

/// A tile of a matrix in shared memory. See the [module](self) for how it lies there.
///
/// ```
/// use greta::prelude::*;
///
/// /// y[c, r] = x[r, c] for matrices of 32 by 32
/// #[kernel(tile(PADDING = 4 in [0, 4]), block = 256)]
/// pub fn transpose(x: &Global<f32>, y: &mut Global<f32>) {
///     let mut tile = SharedTile::<f32>::new(32, 32, PADDING);
///     tile.load_from(x, 32, 32, 0, 0);
///     barrier();
///     for i in (thread_idx().x..1024).step_by(BLOCK) {
///         y[i] = tile.get(i % 32, i / 32);
///     }
/// }
///
/// # fn main() -> Result<(), greta::Error> {
/// let device = Device::open("cpu")?;
/// let stream = device.stream()?;
/// let x = device.buffer_from(&(0..1024).map(|i| i as f32).collect::<Vec<_>>())?;
/// let mut y = device.zeroed(1024)?;
/// device.kernel(transpose::variant().padding(0))?.launch(&stream, 1, transpose::Args { x: &x, y: &mut y })?;
/// assert_eq!(y.read(&stream)?[1], 32.0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SharedTile<T> {
    cells: Shared<Shared<T>>,
    /// Columns without the padding.
    columns: Val<u32>,
    /// The bits of a column that a row changes; `None` for a tile with padding.
    opt_swizzle: Option<Val<u32>>,
    element: PhantomData<fn() -> T>,
}

impl<T> Clone for SharedTile<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SharedTile<T> {}

impl<T: TileElement> SharedTile<T> {
    /// Declares a tile of `rows` by `columns` elements, whose rows end in `padding` more; with a padding of 0 they are
    /// swizzled. All three are known at compile time; columns and padding are whole parts of 16 bytes. A swizzle
    /// spreads best where the columns are a power of two.
    #[track_caller]
    pub fn new(
        rows: impl IntoKernelValue<u32>,
        columns: impl IntoKernelValue<u32>,
        padding: impl IntoKernelValue<u32>,
    ) -> Self {
        let (columns, padding) = (columns.into_val(), padding.into_val());
        let swizzled = padding.opt_known() == Some(0);
        let stride = if swizzled { columns } else { columns + padding };
        let cells = shared_array::<Shared<T>>(&[rows.into_val(), stride]);
        // The bits below the lowest that `columns` has, without those within a part.
        let bits = || bind("swizzle", ((columns ^ (columns - 1)) >> 1) & !(T::PART - 1));
        Self { cells, columns, opt_swizzle: swizzled.then(bits), element: PhantomData }
    }

    /// The element at a row and column.
    #[track_caller]
    pub fn get(&self, row: impl IntoKernelValue<u32>, column: impl IntoKernelValue<u32>) -> Val<T> {
        self.at(row.into_val(), column.into_val(), Location::caller())
    }

    /// Sets the element at a row and column.
    #[track_caller]
    pub fn set(
        &mut self,
        row: impl IntoKernelValue<u32>,
        column: impl IntoKernelValue<u32>,
        value: impl IntoKernelValue<T>,
    ) {
        self.put(row.into_val(), column.into_val(), value.into_val(), Location::caller());
    }

    /// Fills the tile with the part of a `rows` by `columns` matrix, row after row in `from`, that begins at `row` and
    /// `column`; what lies outside of the matrix is 0. All threads of the block take part, 16 bytes a load where the
    /// matrix's rows are whole parts of 16 bytes, and `column` is a multiple of such a part. The block sees the tile
    /// after the next barrier.
    #[track_caller]
    pub fn load_from(
        &mut self,
        from: &Global<T>,
        rows: impl IntoKernelValue<u32>,
        columns: impl IntoKernelValue<u32>,
        row: impl IntoKernelValue<u32>,
        column: impl IntoKernelValue<u32>,
    ) {
        T::load(self, from, [rows.into_val(), columns.into_val()], [row.into_val(), column.into_val()]);
    }

    /// Where in its row an element lies.
    fn place(&self, row: Val<u32>, column: Val<u32>) -> Val<u32> {
        match self.opt_swizzle {
            Some(swizzle) => column ^ ((row * T::PART) & swizzle),
            None => column,
        }
    }
}

/// Fragments are loaded from a tile as from an array of two dimensions.
impl<T: TileElement> Matrix for SharedTile<T> {
    type Element = T;

    fn at(&self, row: Val<u32>, column: Val<u32>, location: Location) -> Val<T> {
        self.cells.at(row, self.place(row, column), location)
    }

    fn vector_at<V: greta_codegen::trace::Value>(&self, row: Val<u32>, column: Val<u32>, location: Location) -> Val<V> {
        self.cells.vector_at(row, self.place(row, column), location)
    }

    fn opt_exchanged<V: greta_codegen::trace::Value>(
        &self,
        row: Val<u32>,
        column: Val<u32>,
        location: Location,
    ) -> Option<Val<V>> {
        self.cells.opt_exchanged(row, self.place(row, column), location)
    }
}

impl<T: TileElement> MatrixMut for SharedTile<T> {
    fn put(&mut self, row: Val<u32>, column: Val<u32>, value: Val<T>, location: Location) {
        let place = self.place(row, column);
        self.cells.put(row, place, value, location);
    }
}

impl<T: TileElement> Bind for SharedTile<T> {
    type Bound = Self;

    fn bind(self, name: &str, mutable: bool, location: Location) -> Self {
        Self { cells: self.cells.bind(name, mutable, location), ..self }
    }
}

impl<T> Read for SharedTile<T> {
    fn read(&self, _location: Location) -> Self {
        *self
    }
}

macro_rules! elements {
    ($($load:ident: $element:ident, $vector:ident, $part:literal;)*) => {
        $(
            /// Fills a tile of `width` columns, a part of 16 bytes a thread at a time.
            #[device]
            fn $load(
                cells: &mut Shared<Shared<$element>>,
                from: &Global<$element>,
                width: u32,
                swizzle: u32,
                rows: u32,
                columns: u32,
                row: u32,
                column: u32,
            ) {
                let first = (thread_idx().z * block_dim().y + thread_idx().y) * block_dim().x + thread_idx().x;
                for number in (first..cells.len() * (width / $part)).step_by(BLOCK) {
                    let (i, j) = (number / (width / $part), number % (width / $part) * $part);
                    let (from_row, from_column) = (row + i, column + j);
                    let mut part = $vector::splat(0.0 as $element);
                    if from_row < rows {
                        if columns % $part == 0 && from_column < columns {
                            part = from.load_vector::<$vector>(from_row * columns + from_column);
                        } else {
                            #[unroll]
                            for k in 0..$part {
                                if from_column + k < columns {
                                    part[k] = from[from_row * columns + from_column + k];
                                }
                            }
                        }
                    }
                    cells[i].store_vector(j ^ (i * $part & swizzle), part);
                }
            }

            impl TileElement for $element {
                const PART: u32 = $part;

                #[track_caller]
                fn load(tile: &mut SharedTile<Self>, from: &Global<Self>, matrix: [Val<u32>; 2], corner: [Val<u32>; 2]) {
                    let swizzle = tile.opt_swizzle.unwrap_or_else(|| 0.into_val());
                    let ([rows, columns], [row, column]) = (matrix, corner);
                    $load(&mut tile.cells, from, tile.columns, swizzle, rows, columns, row, column);
                }
            }
        )*
    };
}

elements! {
    load_tile_f32: f32, f32x4, 4;
    load_tile_f16: f16, f16x8, 8;
    load_tile_bf16: bf16, bf16x8, 8;
}
