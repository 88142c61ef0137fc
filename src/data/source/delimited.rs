//! CSV and its like: blocks of whole rows, several of which are parsed at once.

use super::blocks::{Block, numbered};
use super::header;
use super::parse::Parser;
use super::types::widen;
use super::{Give, ReadOptions};
use crate::cpu::threads;
use crate::data::location::Location;
use anyhow::{Result, bail};
use polars::prelude::*;
use std::io::Read;
use std::sync::{Arc, PoisonError, RwLock};

/// Reads one file of rows of text.
pub struct Reader<'a> {
    options: &'a ReadOptions,
    place: Location<'a>,
}

/// A block that was parsed in the types that the columns had then.
struct Parsed {
    block: Block,
    /// Rows before it.
    first: usize,
    types: Arc<Schema>,
    /// None where a cell does not fit its type.
    batch: Option<DataFrame>,
}

impl<'a> Reader<'a> {
    pub fn new(options: &'a ReadOptions, place: Location<'a>) -> Self {
        Self { options, place }
    }

    /// Names and types by the header and the first block.
    ///
    /// # Errors
    /// Options that no table can be read with.
    pub fn schema(&self, file: impl Read) -> Result<Schema> {
        let (mut blocks, names) = header::open(file, self.options, self.place)?;
        let parser = Parser::new(self.options, blocks.dialect, self.place)?;
        match blocks.next() {
            Some(block) => parser.first_types(&block?, names.as_deref()),
            None => bail!("{}: no rows, expected one at least", self.place.file),
        }
    }

    /// Every block as a typed batch; a cell that does not fit `schema` widens it.
    pub fn read(
        &self,
        file: impl Read + Send,
        schema: &mut Schema,
        columns: Option<&[String]>,
        give: Give<'_>,
    ) -> Result<()> {
        let (blocks, names) = header::open(file, self.options, self.place)?;
        let parser = Parser::new(self.options, blocks.dialect, self.place)?;
        let types = RwLock::new(Arc::new(schema.clone()));
        let now = || types.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Give { finish, see } = give;
        let parse = |block: Result<(Block, usize)>| {
            let (block, first) = block?;
            let types = now();
            let batch = parser.parse(&block, &types, columns, first)?.map(|batch| finish(batch, first)).transpose()?;
            Ok(Parsed { block, first, types, batch })
        };
        threads::ordered(numbered(blocks), parse, |parsed: Result<Parsed>| {
            let Parsed { block, first, types: then, batch } = parsed?;
            // A block before this one may have widened a column since.
            let mut types = types.write().unwrap_or_else(PoisonError::into_inner);
            let mut batch = batch.filter(|_| Arc::ptr_eq(&then, &types));
            if batch.is_none() {
                batch = parser.parse(&block, &types, columns, first)?.map(|batch| finish(batch, first)).transpose()?;
            }
            if batch.is_none() {
                widen(Arc::make_mut(&mut types), &parser.infer(&block, names.as_deref())?);
                widen(schema, &types);
                batch = parser.parse(&block, &types, columns, first)?.map(|batch| finish(batch, first)).transpose()?;
            }
            drop(types);
            match batch {
                Some(batch) => see(batch, first),
                None => bail!("{}: from here on the cells fit no type", self.place.row(first)),
            }
        })
    }
}
