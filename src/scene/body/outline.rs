//! Where things are on a body, in hundredths of its height: x from its middle outwards, y down. One half
//! is described, the other is its mirror. Palms and soles are turned to where they can be seen; it is a
//! sketch to name places by, not a measure of anybody.

/// Wrist, and the directions of the forearm and of the thumb from it.
const WRIST: [f32; 2] = [21.0, 46.0];
const ALONG: [f32; 2] = [0.371, 0.928];
const ACROSS: [f32; 2] = [0.928, -0.371];

/// A point of forearm and hand: along from the wrist, across towards the thumb.
fn arm([along, across]: [f32; 2]) -> [f32; 2] {
    [WRIST[0] + along * ALONG[0] + across * ACROSS[0], WRIST[1] + along * ALONG[1] + across * ACROSS[1]]
}

fn arms(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    points.iter().copied().map(arm).collect()
}

/// Corners of the head.
pub fn head() -> impl Iterator<Item = [f32; 2]> {
    (0..32).map(|k| {
        let angle = k as f32 * std::f32::consts::TAU / 32.0;
        [5.0 * angle.sin(), 7.0 - 6.4 * angle.cos()]
    })
}

/// Lines of one half.
pub fn half(back: bool) -> Vec<Vec<[f32; 2]>> {
    let mut skin: Vec<[f32; 2]> = vec![[2.3, 12.6], [2.8, 15.2], [9.0, 17.0], [11.8, 18.6], [13.4, 21.5]];
    skin.extend(arms(&[
        [-13.4, 3.0],
        [-9.0, 3.1],
        [0.0, 2.2],
        [1.0, 2.6],
        [3.0, 4.8],
        [5.0, 5.5],
        [5.7, 4.6],
        [3.9, 2.5],
        [9.0, 2.5],
        [9.0, 1.25],
        [9.8, 1.25],
        [9.8, 0.0],
        [9.2, 0.0],
        [9.2, -1.25],
        [8.0, -1.25],
        [8.0, -2.5],
        [0.0, -2.2],
        [-9.0, -2.9],
        [-13.4, -2.8],
    ]));
    skin.extend([[9.2, 25.0], [8.4, 31.0], [7.8, 37.0], [9.6, 45.0], [10.0, 51.0], [8.9, 62.0], [7.9, 69.5], [8.4, 76.0], [6.4, 91.0]]);
    skin.extend([[8.9, 95.0], [9.6, 98.0], [8.8, 99.4], [3.4, 99.4], [2.9, 97.0], [3.2, 91.0], [2.4, 77.0], [2.6, 69.5]]);
    skin.extend([[1.0, 56.0], [0.4, 51.0], [0.0, 50.6]]);
    let mut out = vec![skin];
    out.extend([[1.25_f32, 9.0], [0.0, 9.2], [-1.25, 8.0]].map(|[across, end]| arms(&[[5.0, across], [end, across]])));
    if back {
        // The spine, and the heel.
        out.push(vec![[0.0, 14.0], [0.0, 45.0]]);
        out.push(vec![[3.2, 92.6], [6.9, 92.6]]);
    }
    out
}

/// A patch of skin: whether it is seen from behind, and its corners.
pub fn patch(id: &str) -> Option<(bool, Vec<[f32; 2]>)> {
    Some(match id {
        "median_hand" => {
            let points = [[0.3, -0.6], [0.3, 2.2], [1.0, 2.6], [3.0, 4.8], [5.0, 5.5], [5.7, 4.6], [3.9, 2.5], [9.0, 2.5], [9.0, 1.25]];
            let mut points = arms(&points);
            points.extend(arms(&[[9.8, 1.25], [9.8, 0.0], [9.2, 0.0], [9.2, -0.6]]));
            (false, points)
        }
        "ulnar_hand" => (false, arms(&[[0.3, -0.6], [9.2, -0.6], [9.2, -1.25], [8.0, -1.25], [8.0, -2.5], [0.3, -2.2]])),
        "radial_hand" => {
            (true, arms(&[[0.3, 0.0], [0.3, 2.2], [1.0, 2.6], [3.0, 4.8], [5.0, 5.5], [5.7, 4.6], [3.9, 2.5], [5.0, 2.5], [5.0, 0.0]]))
        }
        "dorsal_ulnar_hand" => (true, arms(&[[0.3, 0.0], [5.0, 0.0], [7.0, -1.25], [7.0, -2.4], [0.3, -2.2]])),
        "lateral_forearm" => (false, arms(&[[-13.0, 0.2], [-13.0, 3.0], [-9.0, 3.1], [-0.6, 2.2], [-0.6, 0.2]])),
        "medial_forearm" => (false, arms(&[[-13.0, -0.2], [-0.6, -0.2], [-0.6, -2.2], [-9.0, -2.9], [-13.0, -2.8]])),
        "lateral_thigh" => (false, vec![[6.4, 49.0], [9.9, 49.0], [10.0, 51.0], [8.9, 62.0], [8.4, 66.0], [6.2, 66.0]]),
        "medial_leg" => (false, vec![[2.4, 77.0], [4.2, 77.0], [4.4, 91.0], [3.4, 94.5], [3.0, 93.0], [3.2, 91.0]]),
        "dorsum_of_foot" => (
            false,
            vec![[5.0, 80.0], [7.8, 80.0], [6.4, 91.0], [8.9, 95.0], [9.6, 98.0], [8.8, 99.4], [5.2, 99.4], [5.2, 96.0], [4.8, 92.0]],
        ),
        "first_web" => (false, vec![[3.8, 96.2], [5.0, 96.2], [5.0, 99.4], [3.8, 99.4]]),
        "lateral_foot" => (true, vec![[5.2, 82.0], [7.6, 82.0], [6.4, 91.0], [8.9, 95.0], [8.2, 95.4], [6.6, 92.4], [5.2, 91.0]]),
        "medial_sole" => (true, vec![[3.0, 93.4], [5.2, 93.4], [6.0, 99.4], [3.4, 99.4], [2.9, 97.0]]),
        "lateral_sole" => (true, vec![[5.4, 93.4], [6.6, 93.4], [8.2, 95.6], [9.4, 98.2], [8.8, 99.4], [6.2, 99.4]]),
        "forehead" => (false, vec![[0.3, 0.8], [2.6, 1.7], [4.4, 4.2], [4.4, 5.2], [0.3, 5.2]]),
        _ => return None,
    })
}

/// The muscles of a part of the body: whether they are shown from behind, and where.
pub fn segment(id: &str) -> Option<(bool, [f32; 2])> {
    Some(match id {
        "face" => (false, [2.6, 8.4]),
        "bulbar" => (false, [0.0, 11.4]),
        "neck" => (true, [1.6, 14.2]),
        "shoulder" => (true, [9.0, 20.0]),
        "arm" => (true, [12.6, 27.5]),
        "forearm" => (true, arm([-7.0, 0.0])),
        "hand" => (true, arm([-0.8, 0.0])),
        "trunk" => (false, [4.2, 30.0]),
        "spine" => (true, [1.9, 36.0]),
        "perineum" => (false, [0.0, 49.4]),
        "hip" => (true, [5.4, 47.0]),
        "thigh" => (true, [5.2, 60.0]),
        "leg" => (true, [5.2, 75.0]),
        "foot" => (true, [4.4, 89.6]),
        _ => return None,
    })
}

/// A point within a patch, or near it: the mean of its corners.
pub fn middle(points: &[[f32; 2]]) -> [f32; 2] {
    let n = points.len().max(1) as f32;
    points.iter().fold([0.0, 0.0], |[x, y], point| [x + point[0] / n, y + point[1] / n])
}
