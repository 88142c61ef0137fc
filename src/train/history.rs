//! What a training came to, epoch by epoch.

/// One epoch, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochResult {
    pub epoch: usize,
    /// `sum(loss_b * n_b) / n` over the batches, each loss as computed before its update and without the L1 term.
    pub loss: f64,
    /// The loss of the validation part after the epoch's updates, in evaluation mode.
    pub valid_loss: Option<f64>,
    /// The learning rate of the epoch's first update.
    pub lr: f64,
}

/// The results of the epochs, column by column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Epochs that were done before the first of these; more than none where whoever saved the state kept no losses.
    before: usize,
    loss: Vec<f64>,
    /// Empty where there are no validation rows.
    valid_loss: Vec<f64>,
    lr: Vec<f64>,
}

impl History {
    /// Of no epoch, where `before` epochs are behind it.
    pub fn after(before: usize) -> Self {
        Self { before, ..Self::default() }
    }

    /// Epochs, those without a result among them.
    pub fn epochs(&self) -> usize {
        self.before + self.loss.len()
    }

    /// Epochs without a result, the first ones.
    pub fn before(&self) -> usize {
        self.before
    }

    /// Adds the epoch after the last one. All epochs have a validation loss, or none.
    pub fn push(&mut self, loss: f64, valid_loss: Option<f64>, lr: f64) {
        self.loss.push(loss);
        self.valid_loss.extend(valid_loss);
        self.lr.push(lr);
    }

    pub fn loss(&self) -> &[f64] {
        &self.loss
    }

    /// None where there are no validation rows.
    pub fn valid_loss(&self) -> Option<&[f64]> {
        (!self.valid_loss.is_empty()).then_some(&self.valid_loss)
    }

    pub fn lr(&self) -> &[f64] {
        &self.lr
    }

    /// The last epoch, if there is one.
    pub fn last(&self) -> Option<EpochResult> {
        self.iter().next_back()
    }

    /// Every epoch that has a result.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = EpochResult> + '_ {
        (0..self.loss.len()).map(|index| EpochResult {
            epoch: self.before + index + 1,
            loss: self.loss[index],
            valid_loss: self.valid_loss.get(index).copied(),
            lr: self.lr[index],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_counted_on_from_those_without_a_result() {
        let mut history = History::after(10);
        history.push(0.5, None, 0.1);
        history.push(0.25, None, 0.2);
        let epochs: Vec<EpochResult> = history.iter().collect();
        assert_eq!(epochs[0], EpochResult { epoch: 11, loss: 0.5, valid_loss: None, lr: 0.1 });
        assert_eq!((history.epochs(), history.before(), history.last()), (12, 10, Some(epochs[1])));
        assert_eq!((history.valid_loss(), history.lr()), (None, [0.1, 0.2].as_slice()));
    }
}
