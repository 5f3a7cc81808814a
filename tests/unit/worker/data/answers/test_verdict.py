"""Verdicts by kind: in the tables '=' stands before a right answer and '!' before a wrong one, then response ~ answer.

A response stands in a box unless TEXT is before it. What has to be accepted has a twin that has to be refused.
"""

import pytest

from opdboard_worker.data.answers.final import last_boxed
from opdboard_worker.data.answers.verdict import answers_equal

PRECISION = r"""
! \frac{1}{3^{60}} ~ \frac{1}{3^{61}}
= \frac{1}{3^{60}} ~ 3^{-60}
! 0.00000001 ~ 0
! 1e-9 ~ 1e-10
= 1e-9 ~ 10^{-9}
= 0.333333 ~ \frac13
! 0.33 ~ \frac13
! 0.333334 ~ \frac13
! 12345678901234567890 ~ 12345678901234567891
= 12345678901234567890 ~ 1.2345678901234567890 \times 10^{19}
! 3.14 ~ \pi
= 3.14159265 ~ \pi
! 3.14159266 ~ \pi
! \sqrt{2}\cdot 10^{-8} ~ \sqrt{3}\cdot 10^{-8}
! 1.0000001 ~ 1
= 1.0 ~ 1
! 10^{-20}x ~ 2\cdot10^{-20}x
= 2^{100} ~ 1267650600228229401496703205376
! 2^{100} ~ 1267650600228229401496703205377
= 0.125 ~ \frac18
! 0.1250001 ~ \frac18
= \frac{\sqrt3}{3} ~ \frac{1}{\sqrt3}
! \frac{\sqrt3}{3} ~ \frac{1}{\sqrt2}
= \sqrt{8} ~ 2\sqrt2
= e^{i\pi} ~ -1
= e ~ \mathrm{e}
! e ~ E
= 2.50 ~ 2.5
= 2.5\times10^{-3} ~ 0.0025
! 2.5\times10^{-3} ~ 0.00025
= 6.02e23 ~ 6.02\times 10^{23}
= 1E5 ~ 100000
"""
LETTERS_WORDS = r"""
! BAC ~ ABC
= ABC ~ ABC
= east ~ East
! west ~ east
! no ~ on
= ab ~ ba
= xy ~ yx
= A ~ A
! B ~ A
= \text{(A)} ~ A
= (C) ~ \text{(C)}
= C. ~ C
= (B) 42 ~ B
! (C) 42 ~ B
= \mathrm{(D)} ~ D
= B) 42 ~ B
! AB ~ BA
! listen ~ silent
= True ~ \text{True}
! False ~ \text{True}
= x ~ x
! x ~ y
! X ~ x
= \text{monday} ~ Monday
= parallelogram ~ \text{parallelogram}
! I ~ 1
! O ~ 0
= B, C ~ B,C
= C, B ~ B,C
! B, D ~ B,C
= B and C ~ B,C
! B ~ \text{B and C}
= \text{The answer is } 5 ~ 5
= \text{New York} ~ New York
! y ~ \text{Yes}
= Option B ~ B
= TEXT The correct option is (C). ~ C
= TEXT Answer: D ~ D
! TEXT Answer: D ~ C
= TEXT So it must be Monday. ~ Monday
! TEXT It is not Monday. ~ Monday
= TEXT **B** ~ B
= TEXT B ~ B
= TEXT The answer is **B**. ~ B
! TEXT The answer is A, not B ~ B
"""
UNITS = r"""
= 5\text{ m} ~ 5
= 35 cm ~ 35\text{ cm}
! 35 m ~ 35 cm
= 0.35 m ~ 35 cm
! 36 cm ~ 35 cm
= 18 dollars ~ 18
= 18 dollars ~ \$18
! 19 dollars ~ \$18
! 18 cents ~ 18 dollars
= 18 cents ~ \$0.18
= £5 ~ 5
! £5 ~ €5
= 15\text{ cm}^2 ~ 15\mbox{ cm}^2
= 15 cm^2 ~ 15
! 15 cm^2 ~ 15 cm
= 15 square cm ~ 15\text{ cm}^2
= 864 \text{ square inches} ~ 864 \mbox{ inches}^2
= 5 apples ~ 5\text{ apples}
! 6 apples ~ 5\text{ apples}
! 5x ~ 5
! 5 ~ 5x
! 5m ~ 5
= 5 square units ~ 5
= 12 km/h ~ 12
= 12 km/h ~ 12\text{ km/h}
! 12 km/h ~ 12\text{ m/s}
= 60 mph ~ 60
= 3 hours ~ 180 minutes
= 7 days ~ 7
= 5\,\mathrm{kg} ~ 5
= 5 \text{kg} ~ 5 kg
= USD 5 ~ 5
= -$5 ~ -5
= $-5 ~ -5
! $-5 ~ 5
= TEXT She pays $1,250.50 in total. ~ 1250.5
= TEXT The train travels 120 km. ~ 120
= \$18.90 ~ 18.9
= 18.90 dollars ~ \$18.90
! 18.09 ~ \$18.90
= 5.4 cents ~ 5.4 \text{ cents}
= 5.4 ~ 5.4 \text{ cents}
= 10\text{ inches} ~ 10
= 2\pi \text{ cm} ~ 2\pi
= \frac{1}{2}\text{ hour} ~ \frac12
= 3\sqrt{2} \text{ meters} ~ 3\sqrt2
= \text{5 meters} ~ 5
= 5 ft ~ 5
= 100 °C ~ 100
= 100°C ~ 100^\circ C
! 100°C ~ 100°F
"""
UNICODE = r"""
= ½x ~ \frac{x}{2}
= x³ ~ x^3
! x³ ~ x^2
= 2√3 ~ 2\sqrt{3}
! 2√3 ~ 2\sqrt{2}
= π/2 ~ \frac{\pi}{2}
= α+β ~ \alpha+\beta
= x≤3 ~ x \leq 3
= １，０００ ~ 1000
= −½ ~ -\frac12
! −½ ~ \frac12
= 3·4 ~ 12
= 6÷2 ~ 3
= x ∈ ℝ ~ x\in\mathbb{R}
= ∅ ~ \emptyset
= 2⁻³ ~ \frac18
= x¹² ~ x^{12}
= (−∞, 3] ~ (-\infty,3]
= a₁ ~ a_1
! a₂ ~ a_1
= 5 × 10³ ~ 5000
= √(x+1) ~ \sqrt{x+1}
= ±3 ~ 3, -3
= ¾ ~ 0.75
! ¾ ~ 0.34
= 4² ~ 16
= ∛8 ~ 2
"""
MIXED = r"""
= 1\frac{4}{5} ~ \frac{9}{5}
= 137 1/2 ~ 137 \frac{1}{2}
! 137 1/3 ~ 137 \frac{1}{2}
= -2\frac12 ~ -2.5
! -2\frac12 ~ -1.5
! 12\frac12 ~ 6
! 1 1/2 ~ 11/2
= 1 1/2 ~ 3/2
= 2½ ~ 2.5
= 5 3/4 ~ 5.75
= 2\frac{x}{3} ~ \frac{2x}{3}
"""
SEVERAL = r"""
= 6, 2 ~ 2,6
! 2 ~ 2,6
! 2, 6, 7 ~ 2,6
= x=2, x=3 ~ 2,3
= x=2 or x=3 ~ 2, 3
= x=2 \text{ or } x=3 ~ \{2,3\}
= 2 and 3 ~ 2 \text{ and } 3
= 1 ± √19 ~ 1 \pm \sqrt{19}
= 1+\sqrt{19}, 1-\sqrt{19} ~ 1 \pm \sqrt{19}
! 1+\sqrt{19} ~ 1 \pm \sqrt{19}
= \{1+\sqrt5,1-\sqrt5,-2\} ~ \{1\pm\sqrt{5},-2\}
= -2,1 ~ 1,-2
! 2,-1 ~ 1,-2
= x=1, y=2 ~ y=2, x=1
! x=1,y=2 ~ x=2,y=1
= 3, 5, 7 ~ 3,5,7
= 3; 5; 7 ~ 3,5,7
! 3,3 ~ 3
= x = -2, 1 ~ -2,1
= TEXT The solutions are $x=2$ and $x=3$. ~ 2,3
"""
INTERVALS = r"""
= [2,5) ~ [2, 5)
! (2,5) ~ [2,5)
= 2\le x<5 ~ [2,5)
= 5>x\ge2 ~ [2,5)
! 2<x<5 ~ [2,5)
= x>2 ~ (2,\infty)
! x\ge2 ~ (2,\infty)
= x<1 \text{ or } x>2 ~ (-\infty,1)\cup(2,\infty)
= (2,\infty)\cup(-\infty,1) ~ (-\infty,1)\cup(2,\infty)
! (-\infty,1]\cup(2,\infty) ~ (-\infty,1)\cup(2,\infty)
= x\in(0,9)\cup(9,36) ~ (0,9) \cup (9,36)
! (0,36) ~ (0,9) \cup (9,36)
= \left[\frac{\pi^2}{8},\frac{5\pi^2}{4}\right] ~ [\pi^2/8, 5\pi^2/4]
! \left(\frac{\pi^2}{8},\frac{5\pi^2}{4}\right] ~ [\pi^2/8, 5\pi^2/4]
= (0.5,1) ~ (\frac12,1)
! x>2 ~ y>3
= (-\infty,0] ~ (-\infty, 0]
= [1.5, 2] ~ [\frac32,2]
"""
GOLD_FORMS = r"""
= 18 ~ 18
! 19 ~ 18
! 1 ~ 18
! 8 ~ 18
= 18 ~ $18$
! 19 ~ $18$
! 1 ~ $18$
! 8 ~ $18$
= 18 ~ $$18$$
! 19 ~ $$18$$
! 1 ~ $$18$$
! 8 ~ $$18$$
= 18 ~ \(18\)
! 19 ~ \(18\)
! 1 ~ \(18\)
! 8 ~ \(18\)
= 18 ~ \[18\]
! 19 ~ \[18\]
! 1 ~ \[18\]
! 8 ~ \[18\]
= 18 ~ 18.
! 19 ~ 18.
! 1 ~ 18.
! 8 ~ 18.
= 18 ~ 18.0
! 19 ~ 18.0
! 1 ~ 18.0
! 8 ~ 18.0
! 19 ~ \$18
! 1 ~ \$18
! 8 ~ \$18
= 18 ~ \boxed{18}
! 19 ~ \boxed{18}
! 1 ~ \boxed{18}
! 8 ~ \boxed{18}
= 18 ~ #### 18
! 19 ~ #### 18
! 1 ~ #### 18
! 8 ~ #### 18
= 18 ~ The answer is 18.
! 19 ~ The answer is 18.
! 1 ~ The answer is 18.
! 8 ~ The answer is 18.
= 18 ~ The answer is $18$
! 19 ~ The answer is $18$
! 1 ~ The answer is $18$
! 8 ~ The answer is $18$
= 18 ~ Final answer: 18
! 19 ~ Final answer: 18
! 1 ~ Final answer: 18
! 8 ~ Final answer: 18
= 18 ~ **18**
! 19 ~ **18**
! 1 ~ **18**
! 8 ~ **18**
= 18 ~ \text{18}
! 19 ~ \text{18}
! 1 ~ \text{18}
! 8 ~ \text{18}
= 18 ~ +18
! 19 ~ +18
! 1 ~ +18
! 8 ~ +18
= 18 ~ 018
! 19 ~ 018
! 1 ~ 018
! 8 ~ 018
= 18 ~ x = 18
! 19 ~ x = 18
! 1 ~ x = 18
! 8 ~ x = 18
= 18 ~ 18 \text{ eggs}
! 19 ~ 18 \text{ eggs}
! 1 ~ 18 \text{ eggs}
! 8 ~ 18 \text{ eggs}
"""
THOUSANDS = r"""
= 1,234,567 ~ 1234567
! 1,234,567 ~ 1234568
= 1{,}234 ~ 1234
= 1 234 567 ~ 1234567
= 1\,234 ~ 1,234
! 1,234 ~ 1.234
! 12,34 ~ 1234
= 10,\!080 ~ 10080
= 11,\! 111,\! 111,\! 100 ~ 11111111100
= \$32,\!348 ~ 32348
! 1,234 ~ (1,234)
= (1,234) ~ (1, 234)
= 1'000 ~ 1000
! 1.000 ~ 1000
= 100,000.50 ~ 100000.5
= TEXT The total is 1,234 dollars. ~ 1234
! 1,000 ~ 1
! 1,000 ~ 1000000
"""
PERCENT = r"""
= 12.5\% ~ 12.5%
= 12.5 percent ~ 12.5\%
= 0.125 ~ 12.5\%
! 0.125\% ~ 12.5\%
! 1.25 ~ 12.5\%
= 50 ~ 50\%
= 50\% ~ 50
! 0.5\% ~ 0.5
! 500\% ~ 50
= \frac{1}{3} ~ 33\frac13\%
! \frac{1}{3} ~ 33\%
= 100\% ~ 1
= TEXT It grew by 20%. ~ 20
"""
CLOCK = r"""
= 3:30 pm ~ 3:30 PM
= 3:30 p.m. ~ 3:30\text{ p.m.}
! 3:30 am ~ 3:30 pm
= 15:30 ~ 3:30 pm
! 3:03 ~ 3:30
= 03:30 ~ 3:30
! 1:10 ~ 3:30
! 2:00 ~ 1:00
= 12:05 ~ 12:05
= TEXT He arrives at 7:45. ~ 7:45
! TEXT He arrives at 7:45. ~ 8:45
! 3.5 ~ 3:30
= 5 pm ~ 5:00 pm
! 5 pm ~ 5 am
! 3:30 ~ 330
= 10:15 AM ~ 10:15
! 2:3 ~ 3:2
= 1:2:3 ~ 2:4:6
! 1:2:3 ~ 1:2
= 2 : 3 ~ 2:3
= 2:3 ~ \frac23
= 1:\sqrt2 ~ 1:\sqrt{2}
! 1:\sqrt3 ~ 1:\sqrt{2}
"""
DEGREES = r"""
= 90^\circ ~ 90
= 90^{\circ} ~ 90°
= 90 degrees ~ 90^\circ
! 91° ~ 90°
= \frac{270}{7}^\circ ~ \frac{270}7\text{ degrees}
= \frac{\pi}{2} ~ 90^\circ
! \frac{\pi}{3} ~ 90^\circ
= TEXT The angle is 45 degrees. ~ 45
= TEXT The angle is 45°. ~ 45^\circ
"""
SETS_TUPLES_LISTS = r"""
= \{1,2,3\} ~ \{3,2,1\}
! (1,2,3) ~ (3,2,1)
! \{1,2\} ~ (1,2)
= 1,2 ~ \{2,1\}
= (1,2) ~ 1,2
! (2,1) ~ 1,2
= [1,2,3] ~ (1,2,3)
! [1,2] ~ (1,2)
= \{1,1,2\} ~ \{1,2\}
! \{1\} ~ \{1,2\}
= (3,π/2) ~ \left( 3, \frac{\pi}{2} \right)
= \langle 1,2,3\rangle ~ (1,2,3)
= (6,31,-1) ~ (6, 31, -1)
! (6,31,1) ~ (6, 31, -1)
= (\frac{3}{2},-13) ~ (1.5,-13)
= (5) ~ 5
= {5} ~ 5
= \{5\} ~ 5
! (1,2),(3,4) ~ (1,2),(4,3)
= (3,4),(1,2) ~ (1,2),(3,4)
= (x,y)=(1,2) ~ (1,2)
! (x,y)=(2,1) ~ (1,2)
"""
INEQUALITY_EQUATIONS = r"""
= A>B>C ~ C<B<A
! A>C>B ~ C<B<A
= x\ge3 ~ 3\le x
! x\le3 ~ 3\le x
! x>3 ~ x\ge3
= x \neq 3 ~ x ≠ 3
! x\neq 2 ~ x ≠ 3
= y=2x+3 ~ 2x+3
! y=2x-3 ~ y=2x+3
= 2x+y=3 ~ 4x+2y=6
! 2x+y=3 ~ 4x+2y=7
= 5x-7y+11z+4=0 ~ 10x-14y+22z+8=0
! 5x-7y+11z-4=0 ~ 5x-7y+11z+4=0
= x=5 ~ 5
= 5 ~ x=5
! x=5 ~ y=5
= f(x)=x^2 ~ x^2
= 0=x-2 ~ x-2=0
! x+y=0 ~ 0
= a=3b ~ a = 3b
= x^2+y^2=25 ~ y^2+x^2=25
! x^2+y^2=5 ~ y^2+x^2=25
= 2x<6 ~ x<3
! -2x<6 ~ x<3
= 2+3=5 ~ 5
= k \le 2 ~ k\leq2
= n=2^{10}=1024 ~ 1024
! n=2^{10}=1023 ~ 1024
= A = 12\pi ~ 12\pi
"""
MATRICES = r"""
= \begin{bmatrix}1&2\\3&4\end{bmatrix} ~ \begin{pmatrix}1&2\\3&4\end{pmatrix}
! \begin{pmatrix}1&3\\2&4\end{pmatrix} ~ \begin{pmatrix}1&2\\3&4\end{pmatrix}
! \begin{pmatrix}1&2&3&4\end{pmatrix} ~ \begin{pmatrix}1&2\\3&4\end{pmatrix}
= \begin{pmatrix} -1/3 \\ 2/3 \\ 5/3 \end{pmatrix} ~ \begin{pmatrix} -\frac13 \\ \frac23 \\ \frac53 \end{pmatrix}
! \begin{pmatrix}1&2\end{pmatrix} ~ \begin{pmatrix}1\\2\end{pmatrix}
= \left(\begin{array}{cc}1&2\\3&4\end{array}\right) ~ \begin{pmatrix}1&2\\3&4\end{pmatrix}
! 1,2,3,4 ~ \begin{pmatrix}1&2\\3&4\end{pmatrix}
"""
ALGEBRA = r"""
= q-p ~ -p+q
! p-q ~ -p+q
= (a+5)(b+2) ~ (b+2)(a+5)
! (a+5)(b+3) ~ (b+2)(a+5)
= x^2+2x+1 ~ (x+1)^2
! x^2+2x-1 ~ (x+1)^2
= 6-5i ~ -5i+6
! 6+5i ~ 6-5i
= \cot x ~ \frac{1}{\tan x}
! \tan x ~ \cot x
= 4210_5 ~ 4210_{5}
! 4210_6 ~ 4210_{5}
! 4210 ~ 4210_{5}
= \frac{x}{y} ~ x/y
= n! ~ n!
= 5! ~ 120
! 5! ~ 60
= \binom{5}{2} ~ 10
= 2^{n+1} ~ 2\cdot 2^n
! 2^{n} ~ 2\cdot 2^n
= \log_2 8 ~ 3
= \ln e ~ 1
= \frac{20000}{\pi} ~ 20000/\pi
= x^5-x^4+x^3-x^2+x-1 ~ x^5 - x^4 + x^3 - x^2 + x - 1
= |x| ~ |x|
= 2k+2 ~ 2(k+1)
= \sin^2x+\cos^2x ~ 1
= 3R^2 ~ 3 R^2
! 3r^2 ~ 3R^2
= 11√5+11 ~ 11(\sqrt5+1)
"""
TEXT = r"""
= TEXT I think 17. No: \boxed{18} ~ 18
! TEXT \boxed{18} wait \boxed{17} ~ 18
= TEXT so $x^2+1$ ~ x^2+1
= TEXT Thus, 3/4 of it. ~ 0.75
= TEXT We get $\frac{3}{4}$. ~ 0.75
! TEXT I do not know. ~ 18
= TEXT #### 18 ~ 18
= TEXT The final answer is $\frac{14}{3}$. I hope it is correct. ~ \frac{14}{3}
= TEXT The answer is that she has 5 apples left. ~ 5
= TEXT Answer: 5 apples ~ 5
= TEXT ... = 18 ~ 18
= TEXT 18 ~ 18
= TEXT There are 3 cats and 4 dogs, so 7 animals. ~ 7
! TEXT There are 3 cats and 4 dogs. ~ 3
= TEXT x = 3/4 ~ \frac34
= TEXT The answer is \(\sqrt{2}\). ~ \sqrt2
= TEXT $y = 2x + 3$ ~ y=2x+3
= TEXT The answer is 18 because 9*2 = 18 and not 20. ~ 18
= \text{Evelyn} ~ Evelyn
! Evelyn's ~ Carla
= \text{\$}5 ~ 5
"""
TRAPS_OF_THE_KINDS = r"""
! CAB ~ ABC
! ABCD ~ DCBA
! TRUE ~ FALSE
! PQR ~ RQP
= \triangle ABC ~ \triangle ABC
! \triangle ABC ~ \triangle ABD
= AB = CD ~ AB=CD
! AB=CE ~ AB=CD
! 10^{-12} ~ 10^{-13}
! \frac{1}{10^{10}} ~ 0
! 0.9999999 ~ 1
! 99999999999 ~ 100000000000
! \frac{1}{7^{50}} ~ \frac{1}{7^{51}}
! 1e-5 ~ 1e-6
! 3e8 ~ 3e9
= \left(\frac{1}{2}\right)^{10} ~ \frac{1}{1024}
! \left(\frac{1}{2}\right)^{10} ~ \frac{1}{1023}
= 1 - \frac{1}{2^{100}} ~ \frac{2^{100}-1}{2^{100}}
! 1 - \frac{1}{2^{100}} ~ 1
! 1 - \frac{1}{2^{100}} ~ \frac{2^{101}-1}{2^{101}}
! \sqrt{2}+10^{-20} ~ \sqrt2
! 1.41421356 ~ 1.41421357
! 2.71 ~ e
= \dfrac{22}{7} ~ \frac{22}{7}
! \frac{22}{7} ~ \pi
! 3.142857 ~ \pi
= 0.142857 ~ \frac17
! 0.142857 ~ \frac18
! 0.666 ~ \frac23
! 0.67 ~ \frac23
= 66.6667 ~ \frac{200}{3}
= \$5.00 ~ 5 dollars
= 5.00 ~ \$5
= $1,000 ~ 1000 dollars
! $1,000 ~ 1
= €12 ~ 12
= 25¢ ~ 25 cents
! 25¢ ~ \$25
= $0.25 ~ 25 cents
= -\$20 ~ -20
= \$1{,}250 ~ 1250
= \text{\$}1250 ~ 1250
! \$12.50 ~ 1250
= 12 \text{ dollars} ~ 12
= 7:05 a.m. ~ 7:05 AM
! 7:50 a.m. ~ 7:05 AM
= \text{3:30 PM} ~ 3:30
= 12:30 am ~ 0:30
! 12:30 am ~ 12:30 pm
= 0:30 ~ 00:30
= 12{:}30 ~ 12:30
= TEXT The meeting starts at 9:15 AM. ~ 9:15
! TEXT The meeting starts at 9:15 AM. ~ 9:15 PM
= 3\!:\!30 ~ 3:30
! 15:30 ~ 3:30 am
= noon ~ noon
= \angle A = 60^\circ ~ 60
= 60 \degree ~ 60^\circ
= 60\text{°} ~ 60
= x = 30° ~ 30^\circ
! 30 ~ 30.5^\circ
! 30° ~ 60°
= -45° ~ -45
= x=\frac{1}{2} ~ 0.5
= \frac{-1}{2} ~ -\frac{1}{2}
= -\frac{1}{2} ~ \frac{1}{-2}
= \frac{a}{b} ~ a/b
! \frac{b}{a} ~ a/b
= (2,-3) ~ (2, −3)
= \left[2,5\right) ~ [2,5)
= 2 ≤ x < 5 ~ [2,5)
= x ∈ (−∞, −2] ∪ [2, ∞) ~ (-\infty,-2]\cup[2,\infty)
! x ∈ (−∞, −2) ∪ [2, ∞) ~ (-\infty,-2]\cup[2,\infty)
= |x|\ge 2 ~ |x| \geq 2
! |x|\ge 3 ~ |x| \geq 2
= (-1,1) ~ -1<x<1
= -1<x<1 ~ (-1,1)
! -1\le x\le1 ~ -1<x<1
= -1 < y < 1 ~ -1<y<1
= x>1 ~ 1<x
! x>1 ~ 1>x
= \{1, 2, 3\} ~ {1,2,3}
= \left\{ -2, 3\right\} ~ 3,-2
! \{(1,2)\} ~ \{(2,1)\}
= \{(1,2),(3,4)\} ~ \{(3,4),(1,2)\}
! (1,2,3) ~ (1,2)
= (\sqrt2, 1) ~ (1.41421356, 1)
! \{2,3\} ~ \{2,4\}
= 2\text{ and }3 ~ 3,2
= 2 \text{ or }3 ~ 3,2
= 2,3,\text{ and }5 ~ 2,3,5
= 2, 3 and 5 ~ 5,3,2
! 2, 3 and 5 ~ 5,3
= (1, 2) and (3, 4) ~ (1,2),(3,4)
= A, C, D ~ A,C,D
! A, C ~ A,C,D
= ACD ~ ACD
= A, C and D ~ A, C, D
= \begin{pmatrix}\frac12&0\\0&1\end{pmatrix} ~ \begin{bmatrix}0.5&0\\0&1\end{bmatrix}
! \begin{pmatrix}1&0\\0&1\end{pmatrix} ~ \begin{pmatrix}0&1\\1&0\end{pmatrix}
! 5 ~ \begin{pmatrix}5&0\\0&5\end{pmatrix}
= \begin{pmatrix} 2 \\ 1 \end{pmatrix} ~ \begin{pmatrix}2\\1\end{pmatrix}
! \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} ~ \begin{pmatrix} 1 & 2 \\ 3 & 5 \end{pmatrix}
= \begin{pmatrix}2x&1\end{pmatrix} ~ \begin{pmatrix}x+x&1\end{pmatrix}
= (A) ~ A
= \text{A} ~ (A)
= \mathbf{(E)}\ 12 ~ E
= \textbf{(C) } 24 ~ C
= \textbf{(C)}\ 24 ~ C
! \textbf{(D)}\ 24 ~ C
= (c) ~ C
= TEXT answer: (B) ~ B
= TEXT The correct answer is option C. ~ C
= TEXT Therefore, the answer is (D) 17. ~ D
! TEXT Therefore, the answer is (D) 17. ~ C
= \text{B} ~ \text{B}
! BC ~ B
! D ~ (E)
= 1 234 ~ 1234
= 1,234.5 ~ 1234.5
! 1,234.5 ~ 12345
= 1\;234\;567 ~ 1234567
= $12,345.67 ~ 12345.67
! 12,345 ~ 12345.67
= 10 000 ~ 10,000
! 100,00 ~ 10000
= 1,000,000 people ~ 1000000
= 3 \frac{3}{4} ~ \frac{15}{4}
= 3\ \frac{3}{4} ~ 3.75
! 3\frac34 ~ \frac{9}{4}
= 3¾ ~ 3.75
! 33/4 ~ 3 3/4
= 33/4 ~ 8.25
= -1 1/2 ~ -\frac32
= 6 \frac{2}{3}\% ~ \frac{1}{15}
= 3+\frac34 ~ 3 3/4
= 2 3/8 inches ~ 2.375
= 6\frac{2}{4} ~ 6.5
= 75 percent ~ 75%
= 75 \text{ percent} ~ 0.75
= 3/4 ~ 75%
! 3/4 ~ 0.75%
= 0.5% ~ 0.005
! 0.5% ~ 0.05
= 150% ~ 1.5
= 100% ~ 100\%
! 10% ~ 100\%
= -5% ~ -5\%
= 7 cm ~ 7.0 cm
! 7 cm ~ 7 kg
! 7 cm ~ 7 cm^2
= 7\text{ cm}^{2} ~ 7 cm²
= 7 cm³ ~ 7\text{ cm}^3
! 7 cm³ ~ 7\text{ cm}^2
= 1000 g ~ 1 kg
! 100 g ~ 1 kg
= 90 minutes ~ 1.5 hours
= 8 hours ~ 8
= 8\text{ hours per day} ~ 8
= 12 meters per second ~ 12 m/s
= 20 miles per hour ~ 20
= 4 students ~ 4
= 4 \text{ ways} ~ 4
= 5 years old ~ 5
! 5 years old ~ 6 years old
= x = 4 \text{ cm} ~ 4
= r=4 ~ 4\text{ cm}
= \text{Area}=24 ~ 24
= 24\pi\text{ cm}^2 ~ 24\pi
! 24\text{ cm}^2 ~ 24\pi
= 3 feet ~ 36 inches
= 3 per hour ~ 3
= y = 3x - 2 ~ 3x-2=y
= y-3x+2=0 ~ y=3x-2
! y=3x+2 ~ y=3x-2
! x=3y-2 ~ y=3x-2
= \frac{x^2}{4}+\frac{y^2}{9}=1 ~ 9x^2+4y^2=36
! \frac{x^2}{4}+\frac{y^2}{9}=1 ~ 4x^2+9y^2=36
= f(x)=2x ~ 2x
= f(x)=2x ~ f(x)=x+x
! g(x)=2x ~ f(x)=2x
= a=2, b=3 ~ b=3,a=2
= x=3 ~ 3=x
! 3 ~ x=3y
= S=\frac{n(n+1)}{2} ~ \frac{n^2+n}{2}
= x\neq 0 ~ 0 \ne x
! x=0 ~ x\neq0
= a²b³ ~ b^3a^2
! a²b³ ~ a^3b^2
= √(2)/2 ~ \frac{\sqrt2}{2}
= √2/2 ~ \frac{1}{\sqrt2}
= 2π ~ 2\pi
! 3π ~ 2\pi
= πr² ~ \pi r^2
= 5 − 3i ~ 5-3i
= x ≥ 0 ~ x\ge0
= 3 ≠ 4 ~ 3\neq4
= ½·6 ~ 3
= ∞ ~ infinity
= -∞ ~ -\infty
! ∞ ~ -\infty
= ２/３ ~ 2/3
= θ=30° ~ 30
= x₁ + x₂ ~ x_1+x_2
= 10⁻⁵ ~ 0.00001
! 10⁻⁶ ~ 0.00001
= 2⁄3 ~ 2/3
= “east” ~ east
= TEXT Therefore x is equal to 7. ~ 7
= TEXT So, **the answer is 42**. ~ 42
= TEXT **Answer:** 42 ~ 42
= TEXT Answer: $42$ ~ 42
= TEXT Final answer: \(42\). ~ 42
= TEXT The value of $x$ is $\sqrt{2}$ ~ \sqrt2
= TEXT Hence the result is -3. ~ -3
! TEXT Hence the result is -3. ~ 3
= TEXT So the total cost is $3.50. ~ 3.5
= TEXT She has 12 left. #### 12 ~ 12
! TEXT First 12, then 13. #### 13 ~ 12
= TEXT \fbox{7} ~ 7
= TEXT \boxed 7 ~ 7
! TEXT \boxed{} ~ 7
= TEXT \boxed{ 7 } ~ 7
= TEXT \boxed{7 ~ 7
= TEXT $\boxed{7}$. ~ 7
= TEXT <answer>7</answer> ~ 7
= TEXT The answer is 1,234. ~ 1234
= TEXT The answer is 3.14. ~ 3.14
= TEXT The answer is 3. ~ 3
= TEXT => 12 ~ 12
= TEXT The probability is 3/8. ~ \frac38
= TEXT It takes 2 1/2 hours. ~ 2.5
= TEXT The interval is [2, 5). ~ [2,5)
= TEXT The point is (2, 3). ~ (2,3)
! TEXT The point is (3, 2). ~ (2,3)
= 5 ~ \boxed{5}
! 55 ~ \boxed{5}
= 5 ~ $\boxed{5}$
! 6 ~ $\boxed{5}$
! 55 ~ $\boxed{5}$
= 5 ~ Answer: 5
! 6 ~ Answer: 5
! 55 ~ Answer: 5
= 5 ~ The final answer is \boxed{5}.
! 6 ~ The final answer is \boxed{5}.
! 55 ~ The final answer is \boxed{5}.
! 6 ~ \[5\]
! 55 ~ \[5\]
= 5 ~ 5.00
! 6 ~ 5.00
! 55 ~ 5.00
= 5 ~ \textbf{5}
! 6 ~ \textbf{5}
! 55 ~ \textbf{5}
= 5 ~ \mathbf{5}
! 6 ~ \mathbf{5}
! 55 ~ \mathbf{5}
= 5 ~ 5
! 6 ~ 5
! 55 ~ 5
= 5 ~ {5}
! 6 ~ {5}
! 55 ~ {5}
= 5 ~ (5)
! 6 ~ (5)
! 55 ~ (5)
"""

TABLES = {
    "precision": PRECISION,
    "letters, words": LETTERS_WORDS,
    "units": UNITS,
    "unicode": UNICODE,
    "mixed": MIXED,
    "several": SEVERAL,
    "intervals": INTERVALS,
    "gold forms": GOLD_FORMS,
    "thousands": THOUSANDS,
    "percent": PERCENT,
    "clock": CLOCK,
    "degrees": DEGREES,
    "sets tuples lists": SETS_TUPLES_LISTS,
    "inequality / equations": INEQUALITY_EQUATIONS,
    "matrices": MATRICES,
    "algebra": ALGEBRA,
    "text": TEXT,
    "traps of the kinds": TRAPS_OF_THE_KINDS,
}


def _rows():
    for kind, table in TABLES.items():
        for line in table.strip().splitlines():
            response, answer = line[2:].split(" ~ ")
            whole = response.removeprefix("TEXT ") if response.startswith("TEXT ") else f"\\boxed{{{response}}}"
            yield pytest.param(whole, answer, line[0] == "=", id=f"{kind}: {line}")


@pytest.mark.parametrize(("response", "answer", "right"), list(_rows()))
def test_verdict(response, answer, right):
    assert answers_equal(response, answer) is right


@pytest.mark.parametrize(
    ("response", "answer", "right"),
    [
        ("\\boxed{\u200b42\u200b}", "42", True),
        ("\\boxed{18}", "It costs 2*9=<<2*9=18>>18.\n#### 18", True),
        ("\\boxed{19}", "It costs 2*9=<<2*9=18>>18.\n#### 18", False),
        ("\\boxed{1}", "It costs 2*9=<<2*9=18>>18.\n#### 18", False),
        ("\\boxed{8}", "It costs 2*9=<<2*9=18>>18.\n#### 18", False),
        ("Final Answer:\n$$x=5$$", "5", True),
        ("\\boxed{5}", "  5 ", True),
        ("\\boxed{6}", "  5 ", False),
        ("\\boxed{55}", "  5 ", False),
        ("\\boxed{5}", "Solution: she has 2+3=<<2+3=5>>5\n#### 5", True),
        ("\\boxed{6}", "Solution: she has 2+3=<<2+3=5>>5\n#### 5", False),
        ("\\boxed{55}", "Solution: she has 2+3=<<2+3=5>>5\n#### 5", False),
    ],
)
def test_verdict_of_several_lines(response, answer, right):
    assert answers_equal(response, answer) is right


def test_last_boxed_balances_braces():
    assert last_boxed("\\boxed{1} then \\boxed{\\frac{1}{2}} end") == "\\frac{1}{2}"
    assert last_boxed("\\boxed{3} and \\boxed{4") == "3"
    assert last_boxed("none") is None
