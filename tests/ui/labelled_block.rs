use greta::prelude::*;

#[kernel(block = 64)]
fn breaks_without_a_label(x: &Global<f32>, y: &mut Global<f32>) {
    for i in 0..4 {
        'found: {
            if x[i] > 0.0 {
                break;
            }
            y[i] = 1.0;
        }
    }
}

#[kernel(block = 64)]
fn repeats_a_block(x: &Global<f32>, y: &mut Global<f32>) {
    'found: {
        if x[0] > 0.0 {
            continue 'found;
        }
        y[0] = 1.0;
    }
}

fn main() {}
