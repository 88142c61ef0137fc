//! CSV and its like: blocks of whole rows, several of which are parsed at once.

use super::blocks::{Block, Incomplete, numbered};
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
struct Parsed<T> {
    block: Block,
    /// Rows before it.
    first: usize,
    types: Arc<Schema>,
    /// What was made of it; none where a cell does not fit its type.
    made: Option<T>,
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
            None => Err(Incomplete::error(format!("{}: no rows, expected one at least", self.place.file))),
        }
    }

    /// Every block as a typed batch; a cell that does not fit `schema` widens it.
    pub fn read<T: Send>(
        &self,
        file: impl Read + Send,
        schema: &mut Schema,
        columns: Option<&[String]>,
        give: Give<'_, T>,
    ) -> Result<()> {
        let (blocks, names) = header::open(file, self.options, self.place)?;
        let parser = Parser::new(self.options, blocks.dialect, self.place)?;
        let now = RwLock::new(Arc::new(schema.clone()));
        let Give { finish, see } = give;
        let make = |block: &Block, types: &Schema, first: usize| {
            parser.parse(block, types, columns, first)?.map(|batch| finish(batch, first)).transpose()
        };
        let parse = |block: Result<(Block, usize)>| {
            let (block, first) = block?;
            let types = now.read().unwrap_or_else(PoisonError::into_inner).clone();
            let made = make(&block, &types, first)?;
            Ok(Parsed { block, first, types, made })
        };
        threads::ordered(numbered(blocks), self.options.at_once(), parse, |parsed: Result<Parsed<T>>| {
            let Parsed { block, first, types, mut made } = parsed?;
            let mut wide = now.read().unwrap_or_else(PoisonError::into_inner).clone();
            // A block before this one may have widened a column since.
            if !Arc::ptr_eq(&types, &wide) {
                made = make(&block, &wide, first)?;
            }
            if made.is_none() {
                widen(Arc::make_mut(&mut wide), &parser.infer(&block, names.as_deref())?);
                made = make(&block, &wide, first)?;
                widen(schema, &wide);
                *now.write().unwrap_or_else(PoisonError::into_inner) = wide;
            }
            match made {
                Some(made) => see(made),
                None => bail!("{}: from here on the cells fit no type", self.place.row(first)),
            }
        })
    }
}
