import numpy as np
from components import exact
def test_exact():
    rng=np.random.default_rng(0)
    x=np.stack([rng.normal(-87.6,.02,5001).astype('f4').astype('f8'), rng.integers(-5,5,5001).astype('f8'), rng.normal(0,1e9,5001), np.full(5001,np.nan)],1)
    x[rng.random(x.shape)<.2]=np.nan
    def run(parts):
        m=exact.Moments.merge([exact.Moments.of(p) for p in parts]); w=exact.wanted_bins(m)
        mid=exact.Middles.merge([exact.Middles.of(p,w) for p in parts])
        return [m.mean_deviation(i) for i in range(4)], exact.medians(m,mid), m.present.tolist()
    a=run([x]); b=run([q for q in np.array_split(x[rng.permutation(len(x))],7)])
    assert a==b
    for i in range(3):
        c=x[:,i][~np.isnan(x[:,i])]
        assert np.isclose(a[0][i][0],c.mean(),rtol=1e-12) and np.isclose(a[0][i][1],c.std(),rtol=1e-9), i
        assert a[1][i]==np.median(c)
    import time; y=rng.normal(size=(30000,15)); t=time.time()
    for k in range(0,30000,1000): exact.Moments.of(y[k:k+1000])
    print('per 450k values',time.time()-t)
