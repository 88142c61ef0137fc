//! Losses: `torch.nn.functional`'s, with weights by class and by row.

mod kind;

pub use kind::LossKind;

use anyhow::{Result, bail, ensure};
use tch::{Device, Kind, Reduction, Tensor};

/// The default `ignore_index` of `cross_entropy`: a label that never occurs here.
const IGNORE_INDEX: i64 = -100;

/// A loss with the weights of its classes.
#[derive(Debug)]
pub struct Loss {
    pub kind: LossKind,
    class_weight: Option<Tensor>,
}

impl Loss {
    pub fn new(kind: LossKind) -> Self {
        Self { kind, class_weight: None }
    }

    /// As [`Loss::new`], with a weight for each class: `weight` of `nn.CrossEntropyLoss`; for `bce` the weights of the
    /// classes 0 and 1.
    pub fn with_class_weight(kind: LossKind, weights: &[f64], device: Device) -> Result<Self> {
        ensure!(kind.is_classification(), "class weights: the loss {kind} has no classes");
        ensure!(kind != LossKind::Bce || weights.len() == 2, "bce: {} class weights, expected 2", weights.len());
        let possible = weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0);
        ensure!(possible, "class weights {weights:?}: expected numbers from 0 up");
        let weights = Tensor::f_from_slice(weights)?.f_to_kind(Kind::Float)?.f_to_device(device)?;
        Ok(Self { kind, class_weight: Some(weights) })
    }

    /// The weights of the classes, float32 `[classes]`.
    pub fn class_weight(&self) -> Option<&Tensor> {
        self.class_weight.as_ref()
    }

    /// The loss of a batch, a scalar. Without row weights PyTorch's mean; with weights `w [n]` it is
    /// `(w * loss_i).sum() / w.sum()`, `loss_i` being what `reduction="none"` gives.
    ///
    /// `output [n, k]` float32; `target`: int64 classes `[n]` for `cross-entropy` and `bce` (there k = 1), float32 of
    /// the output's shape for the others, and for `bce` if you like. A class-weighted `bce` is a mean weighted by
    /// class, as `cross_entropy`'s is: `(w[y] * loss_i).sum() / w[y].sum()`.
    pub fn mean(&self, output: &Tensor, target: &Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
        if let LossKind::CrossEntropy { .. } = self.kind {
            return self.cross_entropy(output, target, weight);
        }
        let float =
            if target.kind() == Kind::Int64 { Some(target.f_to_kind(Kind::Float)?.f_unsqueeze(1)?) } else { None };
        let target = float.as_ref().unwrap_or(target);
        check_shapes(output, target, weight)?;
        let by_class = match (&self.class_weight, self.kind) {
            (Some(weights), LossKind::Bce) => Some(weights.f_take(&target.f_to_kind(Kind::Int64)?)?),
            _ => None,
        };
        let rows = |reduction| self.elementwise(output, target, reduction);
        match (by_class, weight) {
            (None, None) => rows(Reduction::Mean),
            (None, Some(weight)) => weighted(&rows(Reduction::None)?, weight),
            (Some(by_class), None) => weighted(&rows(Reduction::None)?, &by_class),
            (Some(by_class), Some(weight)) => weighted(&by_class.f_mul(&rows(Reduction::None)?)?, weight),
        }
    }

    /// Refuses a target that does not belong to a network of so many outputs: for classes, a label that is none of
    /// them, or class weights of another number.
    pub fn check_target(&self, outputs: i64, target: &Tensor) -> Result<()> {
        let (kind, bce) = (self.kind, self.kind == LossKind::Bce);
        if !bce && !kind.is_classification() {
            ensure!(target.kind() == Kind::Float, "{kind}: target of dtype {:?}, expected float32", target.kind());
            return Ok(());
        }
        let classes = if bce { 2 } else { outputs };
        ensure!(!bce || outputs == 1, "bce: the network has {outputs} outputs, expected 1");
        let weights = self.class_weight.as_ref().map_or(classes, |weights| weights.size()[0]);
        ensure!(weights == classes, "{kind}: {weights} class weights, expected {classes}");
        let (low, high) = (target.f_min()?.f_double_value(&[])?, target.f_max()?.f_double_value(&[])?);
        let inside = low >= 0.0 && high <= (classes - 1) as f64;
        ensure!(inside, "{kind}: classes {low} to {high} in the target, expected 0 to {}", classes - 1);
        Ok(())
    }

    fn elementwise(&self, output: &Tensor, target: &Tensor, reduction: Reduction) -> Result<Tensor> {
        Ok(match self.kind {
            LossKind::Mae => output.f_l1_loss(target, reduction)?,
            LossKind::Huber { delta } => output.f_huber_loss(target, reduction, delta)?,
            LossKind::Bce => {
                output.f_binary_cross_entropy_with_logits(target, None::<&Tensor>, None::<&Tensor>, reduction)?
            }
            LossKind::Mse => output.f_mse_loss(target, reduction)?,
            LossKind::CrossEntropy { .. } => {
                bail!("cross-entropy: its target is a class, not a number for each output")
            }
        })
    }

    fn cross_entropy(&self, output: &Tensor, target: &Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
        let (logits, classes) = (output.size(), target.size());
        ensure!(
            target.kind() == Kind::Int64 && logits.len() == 2 && classes == [logits[0]],
            "cross-entropy: logits {logits:?} and target {classes:?} {:?}, expected [n, k] and int64 [n]",
            target.kind()
        );
        let LossKind::CrossEntropy { label_smoothing } = self.kind else { return self.mean(output, target, weight) };
        let loss = |reduction| {
            let class_weight = self.class_weight.as_ref();
            output.f_cross_entropy_loss(target, class_weight, reduction, IGNORE_INDEX, label_smoothing)
        };
        match weight {
            None => Ok(loss(Reduction::Mean)?),
            Some(weight) => weighted(&loss(Reduction::None)?, weight),
        }
    }
}

fn check_shapes(output: &Tensor, target: &Tensor, weight: Option<&Tensor>) -> Result<()> {
    let (found, expected) = (output.size(), target.size());
    ensure!(found == expected, "loss: the network gives {found:?}, the target is {expected:?}");
    ensure!(target.kind() == Kind::Float, "loss: target of dtype {:?}, expected float32", target.kind());
    ensure!(weight.is_none() || found[1] == 1, "row weights need one output a row, the network gives {found:?}");
    Ok(())
}

/// `(w * loss).sum() / w.sum()`.
fn weighted(loss: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let weight = weight.f_view(loss.size().as_slice())?;
    Ok(weight.f_mul(loss)?.f_sum(None)?.f_div(&weight.f_sum(None)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Float32 sums of three terms, in whatever order: a few units in the last place of 1.
    const ROUNDING: f64 = 5e-7;

    fn matrix(values: &[f32], columns: i64) -> Tensor {
        Tensor::from_slice(values).view([-1, columns])
    }

    fn assert_mean(loss: Loss, output: &Tensor, target: &Tensor, weight: Option<&Tensor>, expected: f64) {
        let found = loss.mean(output, target, weight).unwrap().double_value(&[]);
        assert!((found - expected).abs() < ROUNDING, "{}: {found}, expected {expected}", loss.kind);
    }

    // o = torch.tensor([[0.5], [-1], [3]]); y = torch.tensor([[0], [-1.5], [1]]); w = torch.tensor([1, 2, 0.5])
    // F.mse_loss(o, y), (w[:, None] * F.mse_loss(o, y, reduction="none")).sum() / w.sum(), …
    #[test]
    fn regression_losses_are_pytorchs() {
        let output = matrix(&[0.5, -1.0, 3.0], 1);
        let target = matrix(&[0.0, -1.5, 1.0], 1);
        let weight = Tensor::from_slice(&[1.0_f32, 2.0, 0.5]);
        for (name, plain, weighted) in [
            ("mse", 1.5, 0.7857142686843872),
            ("mae", 1.0, 0.7142857313156128),
            ("huber", 0.5833333134651184, 0.3214285671710968),
        ] {
            assert_mean(Loss::new(name.parse().unwrap()), &output, &target, None, plain);
            assert_mean(Loss::new(name.parse().unwrap()), &output, &target, Some(&weight), weighted);
        }
        assert_mean(Loss::new(LossKind::Huber { delta: 0.3 }), &output, &target, None, 0.2549999952316284);
    }

    // b = torch.tensor([[0.], [1], [1]]); l = F.binary_cross_entropy_with_logits(o, b, reduction="none")
    // l.mean(), (w[:, None] * l).sum() / w.sum(), (c * l).sum() / c.sum() for c = torch.tensor([0.5, 2])[b.long()]
    #[test]
    fn bce_is_pytorchs_with_classes_as_numbers_or_as_they_are() {
        let output = matrix(&[0.5, -1.0, 3.0], 1);
        let weight = Tensor::from_slice(&[1.0_f32, 2.0, 0.5]);
        for target in [matrix(&[0.0, 1.0, 1.0], 1), Tensor::from_slice(&[0_i64, 1, 1])] {
            assert_mean(Loss::new(LossKind::Bce), &output, &target, None, 0.7786419987678528);
            assert_mean(Loss::new(LossKind::Bce), &output, &target, Some(&weight), 1.0356839895248413);
            let by_class = Loss::with_class_weight(LossKind::Bce, &[0.5, 2.0], Device::Cpu).unwrap();
            assert_mean(by_class, &output, &target, None, 0.7134970426559448);
        }
    }

    // o = torch.tensor([[1., 2, 0], [0, -1, 0.5], [2, 0, 0]]); k = torch.tensor([1, 0, 2])
    // c = torch.tensor([0.5, 2, 1]); F.cross_entropy(o, k), F.cross_entropy(o, k, c),
    // F.cross_entropy(o, k, c, label_smoothing=0.1), (w * F.cross_entropy(o, k, reduction="none")).sum() / w.sum()
    #[test]
    fn cross_entropy_is_pytorchs() {
        let output = matrix(&[1.0, 2.0, 0.0, 0.0, -1.0, 0.5, 2.0, 0.0, 0.0], 3);
        let target = Tensor::from_slice(&[1_i64, 0, 2]);
        let weight = Tensor::from_slice(&[1.0_f32, 2.0, 0.5]);
        let plain = LossKind::CrossEntropy { label_smoothing: 0.0 };
        let by_class = |kind| Loss::with_class_weight(kind, &[0.5, 2.0, 1.0], Device::Cpu).unwrap();
        assert_mean(Loss::new(plain), &output, &target, None, 1.2504271268844604);
        assert_mean(Loss::new(plain), &output, &target, Some(&weight), 1.0673255920410156);
        assert_mean(by_class(plain), &output, &target, None, 1.0305205583572388);
        let smooth = LossKind::CrossEntropy { label_smoothing: 0.1 };
        assert_mean(by_class(smooth), &output, &target, None, 1.0810825824737549);
    }

    #[test]
    fn what_does_not_fit_together_is_refused_with_both_sides() {
        let classes = Tensor::from_slice(&[0_i64, 1]);
        let cross_entropy = Loss::new(LossKind::CrossEntropy { label_smoothing: 0.0 });
        let error = cross_entropy.mean(&matrix(&[0.0; 9], 3), &classes, None).unwrap_err().to_string();
        assert!(error.contains("[3, 3]") && error.contains("[2]"), "{error}");
        let error = Loss::new(LossKind::Mse).mean(&matrix(&[0.0; 4], 2), &matrix(&[0.0; 2], 1), None);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("[2, 2]") && error.contains("[2, 1]"), "{error}");
        let error = cross_entropy.check_target(2, &Tensor::from_slice(&[0_i64, 2])).unwrap_err().to_string();
        assert!(error.contains("0 to 2") && error.contains("0 to 1"), "{error}");
        let error = Loss::new(LossKind::Bce).check_target(3, &classes).unwrap_err().to_string();
        assert!(error.contains("3 outputs"), "{error}");
        for (kind, weights) in [("mse", vec![1.0, 1.0]), ("bce", vec![1.0]), ("cross-entropy", vec![1.0, f64::NAN])] {
            assert!(Loss::with_class_weight(kind.parse().unwrap(), &weights, Device::Cpu).is_err(), "{kind}");
        }
    }
}
