//! What compiled variants cost, as a table or as JSON.

use greta_runtime::resources::KernelResources;
use object::{Object, ObjectSymbol};
use serde::{Serialize, Serializer};

use crate::compile::Compiled;
use crate::error::Error;
use crate::output;
use crate::selection::Selection;
use crate::table::{Column, Table, size};

/// A variant and what became of it.
pub(crate) struct Outcome {
    /// One value per tile parameter.
    pub(crate) values: Vec<u32>,
    /// The code object, or why there is none.
    pub(crate) result: Result<Compiled, Error>,
}

#[derive(Serialize)]
struct VariantRow {
    kernel: &'static str,
    target: &'static str,
    #[serde(serialize_with = "as_map")]
    tile: Vec<(&'static str, u32)>,
    resources: Option<ResourceRow>,
    error: Option<String>,
}

#[derive(Serialize)]
struct ResourceRow {
    vgprs: u32,
    agprs: u32,
    sgprs: u32,
    lds_bytes: u32,
    scratch_bytes: u32,
    vgpr_spills: u32,
    sgpr_spills: u32,
    occupancy_waves: Option<u32>,
    max_block_threads: u32,
    kernarg_bytes: u32,
    code_bytes: u64,
    object_bytes: usize,
    compile_ms: f64,
    from_cache: bool,
}

/// Writes the outcomes to standard output.
///
/// # Errors
///
/// [`Error::Output`].
pub(crate) fn print(selection: &Selection, outcomes: &[Outcome], json: bool) -> Result<(), Error> {
    let rows: Vec<VariantRow> = outcomes.iter().map(|outcome| variant_row(selection, outcome)).collect();
    if json { output::print_json(&rows) } else { table(&rows).print() }
}

fn variant_row(selection: &Selection, outcome: &Outcome) -> VariantRow {
    let names = selection.kernel().parameters.iter().map(|parameter| parameter.name);
    VariantRow {
        kernel: selection.kernel().name,
        target: selection.target.name,
        tile: names.zip(outcome.values.iter().copied()).collect(),
        resources: outcome
            .result
            .as_ref()
            .ok()
            .and_then(|compiled| opt_resource_row(selection.kernel().name, compiled)),
        error: outcome.result.as_ref().err().map(ToString::to_string),
    }
}

fn opt_resource_row(kernel: &str, Compiled { object, time }: &Compiled) -> Option<ResourceRow> {
    let resources = object.resources.kernel(kernel)?;
    let KernelResources { vgprs, agprs, sgprs, lds_bytes, scratch_bytes, vgpr_spills, sgpr_spills, .. } = *resources;
    Some(ResourceRow {
        vgprs,
        agprs,
        sgprs,
        lds_bytes,
        scratch_bytes,
        vgpr_spills,
        sgpr_spills,
        occupancy_waves: resources.occupancy_waves,
        max_block_threads: resources.max_block_threads,
        kernarg_bytes: resources.kernarg_bytes,
        code_bytes: opt_code_bytes(&object.bytes, kernel).unwrap_or_default(),
        object_bytes: object.bytes.len(),
        compile_ms: time.as_secs_f64() * 1e3,
        from_cache: object.from_cache,
    })
}

/// The size of the kernel's function.
fn opt_code_bytes(object: &[u8], kernel: &str) -> Option<u64> {
    let file = object::File::parse(object).ok()?;
    file.symbols().chain(file.dynamic_symbols()).find(|symbol| symbol.name() == Ok(kernel)).map(|symbol| symbol.size())
}

fn table(rows: &[VariantRow]) -> Table {
    let mut table = Table::new(&[
        Column::Text("KERNEL"),
        Column::Number("VGPR"),
        Column::Number("AGPR"),
        Column::Number("SGPR"),
        Column::Number("LDS"),
        Column::Number("SCRATCH"),
        Column::Number("SPILLS"),
        Column::Number("OCCUPANCY"),
        Column::Number("CODE"),
        Column::Number("COMPILED"),
        Column::Text("TILE"),
    ]);
    for row in rows {
        let tile: Vec<String> = row.tile.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cells = row.resources.as_ref().map_or_else(failed_cells, resource_cells);
        table.row([row.kernel.to_owned()].into_iter().chain(cells).chain([tile.join(",")]));
    }
    table
}

fn resource_cells(row: &ResourceRow) -> [String; 9] {
    let compiled = if row.from_cache { "cached".to_owned() } else { format!("{:.2} s", row.compile_ms / 1e3) };
    [
        row.vgprs.to_string(),
        row.agprs.to_string(),
        row.sgprs.to_string(),
        size(row.lds_bytes.into()),
        size(row.scratch_bytes.into()),
        format!("{}+{}", row.vgpr_spills, row.sgpr_spills),
        row.occupancy_waves.map_or_else(|| "?".to_owned(), |waves| waves.to_string()),
        size(row.code_bytes),
        compiled,
    ]
}

fn failed_cells() -> [String; 9] {
    let mut cells = [const { String::new() }; 9];
    cells.fill("-".to_owned());
    cells[8] = "failed".to_owned();
    cells
}

/// A map in the order of the pairs.
fn as_map<S: Serializer>(pairs: &[(&'static str, u32)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().copied())
}
